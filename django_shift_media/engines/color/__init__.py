"""
Color: profiles read and written, conversion to sRGB, tone mapping.

May import: nothing else of the package.
"""
