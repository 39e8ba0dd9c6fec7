"""
The state of a video for a page that waits for its renditions.

Only ``urls`` imports this package. May import: ``media`` and what is below.
"""
