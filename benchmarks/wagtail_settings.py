"""
Settings of a Wagtail project that only serves images.

WAGTAIL_FOLDER   folder of the database, and of the files unless they are on S3
WAGTAIL_S3       options of an S3 storage as JSON, or {} for local disk
"""

import json
import os
from pathlib import Path

from benchmarks.peers import WAGTAIL_APPS

FOLDER = Path(os.environ["WAGTAIL_FOLDER"])
S3 = json.loads(os.environ["WAGTAIL_S3"])

SECRET_KEY = "of-a-benchmark-" * 4
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "benchmarks.urls"
INSTALLED_APPS = [
    *WAGTAIL_APPS,
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_shift_media",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "wagtail.sqlite3",
        # The fastest settings of SQLite for concurrent writes.
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
            "timeout": 60,
            "transaction_mode": "IMMEDIATE",
        },
    }
}
_MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
CACHES = {
    "default": _MEMORY,
    # https://docs.wagtail.org/en/stable/advanced_topics/performance.html
    "renditions": {**_MEMORY, "LOCATION": "renditions", "TIMEOUT": 600},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
MEDIA_ROOT = FOLDER / "wagtail"
MEDIA_URL = "/media/"
_DISK = "django.core.files.storage.FileSystemStorage"
STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage" if S3 else _DISK,
        "OPTIONS": S3,
    },
    "staticfiles": {"BACKEND": _DISK},
}
WAGTAILIMAGES_JPEG_QUALITY = 80
WAGTAILIMAGES_MAX_IMAGE_PIXELS = 100_000_000
