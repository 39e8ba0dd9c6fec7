"""
AWS configuration: documents as pure functions, and a plan that reads, compares and applies.

May import: ``storages.s3``, ``naming`` and what is below.
"""
