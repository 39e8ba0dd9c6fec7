"""
Color: read and write ICC profiles, convert to sRGB, map HDR to the standard range.

May import: nothing else of the package.
"""
