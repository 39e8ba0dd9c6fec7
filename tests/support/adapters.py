"""Storages of Django as media storages, by the adapter."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django_shift_media.storages.selection import media_storage
from tests.support.requirements import missing

IN_MEMORY = {"BACKEND": "django.core.files.storage.InMemoryStorage"}


def in_folder(location: Path) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(location)},
    }


def in_bucket(server: Any) -> dict[str, Any]:
    """Return django-storages' own storage in a new bucket of a server."""
    bucket = f"files-{uuid.uuid4().hex[:12]}"
    server.client().create_bucket(Bucket=bucket)
    options = server.storage_options(bucket)
    names = ("bucket_name", "endpoint_url", "access_key", "secret_key", "region_name")
    options = {name: options[name] for name in names if name in options}
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


@contextmanager
def backend(kind: str, request: Any, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the entry of a storage in ``STORAGES``: "folder", "memory", "sftp" or "moto"."""
    if kind == "sftp":
        try:
            from tests.support.sftp import sftp_server
        except ImportError:
            missing('paramiko: pip install "paramiko>=3.5"')
        with sftp_server(folder / "sftp") as served:
            yield served
    elif kind == "moto":
        yield in_bucket(request.getfixturevalue("moto"))
    else:
        yield IN_MEMORY if kind == "memory" else in_folder(folder / "files")


def adapt(settings: Any, backend: dict[str, Any], **options: Any) -> Any:
    """Make a storage of Django the media storage."""
    settings.STORAGES = {
        **settings.STORAGES,
        "files": backend,
        "media": {
            "BACKEND": "django_shift_media.storages.adapter.AdaptedMediaStorage",
            "OPTIONS": {"storage": "files", **options},
        },
    }
    settings.SHIFT_MEDIA_STORAGE = "media"
    return media_storage()
