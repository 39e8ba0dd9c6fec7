"""
From bytes to an open image: format detection, limits, metadata, frames.

May import: ``engines.color``, ``engines.exif`` and ``engines.options``; no other part of
``engines``.
"""
