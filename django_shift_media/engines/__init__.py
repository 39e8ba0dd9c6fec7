"""
Image engines: bytes, a ``Resize`` and options in, bytes out.

An engine knows no Django file, storage, setting or URL.
May import: ``naming``, ``conf`` and ``exceptions``; only ``selection`` reads settings.
"""
