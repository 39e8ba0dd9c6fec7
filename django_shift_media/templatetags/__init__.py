"""
The tags for Django templates, which call ``media.html_tags``.

May import: ``media`` and what is below.
"""
