"""
From frames to bytes: palettes, encoder settings, animation timing, animated GIFs.

May import: ``naming``; no other part of ``engines``.
"""
