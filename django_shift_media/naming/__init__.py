"""
Names and URLs: keys, signatures, resize options and responsive images. No I/O.

May import: ``conf`` and ``exceptions``.
"""
