"""Buckets of the servers of the tests, as the media storage."""

import uuid
from typing import Any

from django.core.management import call_command

from django_shift_media.storages.selection import media_storage
from gallery.models import Photo


def operations(storage: Any) -> list[str]:
    """Return the list, growing, of the operations that a storage asks of S3 from now on."""
    sent: list[str] = []
    storage.client.meta.events.register(
        "before-send.s3", lambda event_name, **_: sent.append(event_name.rpartition(".")[2])
    )
    return sent


def delete_resizes(storage: Any) -> int:
    """Delete everything from a bucket that no photo names; return how much that was."""
    originals = {photo.photo.name for photo in Photo.objects.all()}
    listed = storage.client.list_objects_v2(Bucket=storage.bucket_name)["Contents"]
    resizes = [entry["Key"] for entry in listed if entry["Key"] not in originals]
    for key in resizes:
        storage.client.delete_object(Bucket=storage.bucket_name, Key=key)
    return len(resizes)


def use_bucket(settings: Any, server: Any, **options: Any) -> Any:
    """Make a new bucket of a server the media storage."""
    bucket = f"media-{uuid.uuid4().hex[:12]}"
    settings.STORAGES = {
        **settings.STORAGES,
        "media": {
            "BACKEND": "django_shift_media.storages.s3.S3MediaStorage",
            "OPTIONS": {**server.storage_options(bucket), **options},
        },
    }
    settings.SHIFT_MEDIA_STORAGE = "media"
    return media_storage()


def new_bucket(settings: Any, server: Any, **options: Any) -> Any:
    """Create a bucket, bare, and make it the media storage."""
    storage = use_bucket(settings, server, **options)
    storage.client.create_bucket(Bucket=storage.bucket_name)
    return storage


def change_options(settings: Any, **options: Any) -> Any:
    """Change options of the media storage."""
    media = settings.STORAGES["media"]
    changed = {**media, "OPTIONS": {**media["OPTIONS"], **options}}
    settings.STORAGES = {**settings.STORAGES, "media": changed}
    return media_storage()


def configured_bucket(settings: Any, server: Any, site: str) -> Any:
    """Make the media storage a bucket that the command has created and configured."""
    storage = use_bucket(settings, server)
    call_command("configure_media_bucket", "--create", "--app-url", site, "--no-input")
    return storage
