"""For the tests of projects: media in memory or in a folder, sample images, and an S3 server."""

from django_shift_media.testing.isolation import IsolatedMediaMixin, isolated_media
from django_shift_media.testing.memory_storage import InMemoryMediaStorage
from django_shift_media.testing.s3_emulator import S3Emulator, WebsiteEndpoint
from django_shift_media.testing.samples import sample_image

__all__ = [
    "InMemoryMediaStorage",
    "IsolatedMediaMixin",
    "S3Emulator",
    "WebsiteEndpoint",
    "isolated_media",
    "sample_image",
]
