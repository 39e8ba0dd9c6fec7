"""Pictures for the demo, drawn with Pillow: the same ones each time."""
