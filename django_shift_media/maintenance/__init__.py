"""
Work on many files: listing, copying, migrating fields, deleting orphans and resizes, erasing.

May import: ``fields``, ``generation``, ``storages`` and what is below.
"""
