"""
Media files of model instances: ``MediaFile``, validation, metadata, orphans, HTML.

May import: ``generation`` and what is below; never ``fields``, ``forms`` or ``views``.
"""
