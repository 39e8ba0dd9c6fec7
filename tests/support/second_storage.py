"""A second media storage, with the alias "private", for the attachments of the gallery."""

from typing import Any

import pytest

from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment


def store_attachments_in(
    settings: Any, monkeypatch: pytest.MonkeyPatch, storage: dict[str, Any]
) -> MediaStorage:
    """Store attachments there, as if their fields had ``storage="private"``."""
    settings.STORAGES = {**settings.STORAGES, "private": storage}
    settings.ROOT_URLCONF = "tests.support.urls_of_two_storages"
    for name in ("file", "preview"):
        monkeypatch.setattr(Attachment._meta.get_field(name), "storage_alias", "private")
    return media_storage("private")


def on_disk(location: Any) -> dict[str, Any]:
    return {
        "BACKEND": "django_shift_media.storages.local.LocalMediaStorage",
        "OPTIONS": {"location": location},
    }


def in_bucket(options: dict[str, Any]) -> dict[str, Any]:
    return {"BACKEND": "django_shift_media.storages.s3.S3MediaStorage", "OPTIONS": options}
