"""
From bytes to an open image: format detection, limits, metadata, frames.

May import: ``engines.color`` and ``engines.exif``; no other part of ``engines``.
"""
