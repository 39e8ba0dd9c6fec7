"""
Work on many files: listing, copying, migrating fields, deleting orphans and resizes.

May import: ``fields``, ``generation``, ``storages`` and what is below.
"""
