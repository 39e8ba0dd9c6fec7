"""User-uploaded media on S3, resized on first view, served by the bucket."""

__version__ = "0.1.0"
