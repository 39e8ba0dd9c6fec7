"""
The checks of ``check_media``: send requests as a browser does, and diagnose the responses.

May import: ``aws``, ``engines``, ``storages`` and what is below.
"""
