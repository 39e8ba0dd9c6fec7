"""
Media storages: what the package asks of a storage, local disk and S3.

May import: ``naming``, ``conf`` and ``exceptions``. Only ``storages.s3*`` and ``aws`` import boto3.
"""
