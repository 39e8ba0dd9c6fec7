"""
Media storages: their interface, and its implementations for local disk and S3.

May import: ``naming``, ``conf`` and ``exceptions``. Only ``storages.s3*`` import boto3.
"""
