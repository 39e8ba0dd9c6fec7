"""
AWS configuration: pure functions that build documents, and a plan that compares and applies them.

May import: ``storages.s3``, ``naming`` and what is below.
"""
