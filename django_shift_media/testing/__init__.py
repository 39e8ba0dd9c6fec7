"""
For the tests of projects: media in memory or in a folder, sample images, servers of S3 and
MediaConvert, and tests of the contracts of media storages and image engines.
"""

from django_shift_media.testing.conformance import StorageConformance
from django_shift_media.testing.engine_conformance import EngineConformance
from django_shift_media.testing.isolation import IsolatedMediaMixin, isolated_media
from django_shift_media.testing.mediaconvert_emulator import MediaConvertEmulator
from django_shift_media.testing.memory_storage import InMemoryMediaStorage
from django_shift_media.testing.s3_emulator import S3Emulator, WebsiteEndpoint
from django_shift_media.testing.samples import sample_image

__all__ = [
    "EngineConformance",
    "InMemoryMediaStorage",
    "IsolatedMediaMixin",
    "MediaConvertEmulator",
    "S3Emulator",
    "StorageConformance",
    "WebsiteEndpoint",
    "isolated_media",
    "sample_image",
]
