"""
Settings of the project with all candidates of the page measurement.

The environment variable PAGE_ORDER contains an ``Order`` as JSON.
"""

import json
import os
from typing import Any

from benchmarks.orders import Order
from benchmarks.peers import CANDIDATES

ORDER = Order(**json.loads(os.environ["PAGE_ORDER"]))
CHOSEN = [candidate for candidate in CANDIDATES if candidate.name in ORDER.candidates]

SECRET_KEY = "of-a-benchmark-" * 4
ROOT_URLCONF = "benchmarks.urls"
INSTALLED_APPS = [
    *(app for candidate in CHOSEN for app in candidate.apps),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_shift_media",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},  # the default of 300 would evict entries
    }
}
if ORDER.cache:
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": ORDER.cache,
    }

# imagekit reads it at import if django-rq is installed, as it is for the tests.
RQ_QUEUES = {"default": {"URL": "redis://127.0.0.1:6379"}}

LIBRARIES = {"floor": "benchmarks.floor"}
for _candidate in CHOSEN:
    LIBRARIES.update(_candidate.libraries)
    globals().update(_candidate.settings)
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"libraries": LIBRARIES},
    }
]

MEDIA_ROOT = ORDER.folder
MEDIA_URL = "/media/"
_DISK = "django.core.files.storage.FileSystemStorage"
_STORAGE = {"BACKEND": "storages.backends.s3.S3Storage" if ORDER.s3 else _DISK, "OPTIONS": ORDER.s3}
_OURS = "s3.S3MediaStorage" if ORDER.s3 else "local.LocalMediaStorage"
STORAGES = {
    "default": _STORAGE,
    "easy_thumbnails": _STORAGE,
    "staticfiles": {"BACKEND": _DISK},
    "media": {"BACKEND": f"django_shift_media.storages.{_OURS}", "OPTIONS": ORDER.s3},
}
SHIFT_MEDIA_STORAGE = "media"
