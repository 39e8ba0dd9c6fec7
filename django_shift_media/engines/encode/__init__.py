"""
From frames to bytes: palettes, encoder settings, animation timing.

May import: ``naming``; no other part of ``engines``.
"""
