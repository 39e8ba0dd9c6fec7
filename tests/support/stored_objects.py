"""Create and list objects in any storage, and run maintenance commands on them."""

import json
import os
import re
import uuid
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.core.management import CommandError, call_command

from django_shift_media.storages.object_storage import ObjectMediaStorage


def new_key(name: str = "cat.jpg") -> str:
    return f"{str(uuid.uuid4()).replace('-', '/')}/{name}/{name}"


def resize_of(original: str, width: int = 1, signature: str = "a" * 32) -> str:
    return f"{original.rpartition('/')[0]}/{width}x-fit-80-noupscale-{signature}.jpg"


def is_on_s3(storage: Any) -> bool:
    return hasattr(type(storage), "website_host")


def put(storage: Any, key: str, data: bytes = b"data") -> str:
    """Store anything under any key."""
    if isinstance(storage, ObjectMediaStorage):
        _put_in_cloud(storage, key, data)
    elif is_on_s3(storage):
        storage.client.put_object(Bucket=storage.bucket_name, Key=storage.prefix + key, Body=data)
    elif isinstance(storage, InMemoryStorage):
        InMemoryStorage._save(storage, key, ContentFile(data))
    else:
        path = Path(storage.path(key))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return key


def keys_of(storage: Any) -> set[str]:
    """Return all keys that a storage has, below its prefix or folder."""
    if isinstance(storage, InMemoryStorage):
        return set(_names_in_memory(storage))
    if isinstance(storage, ObjectMediaStorage):
        return _names_in_cloud(storage)
    if not is_on_s3(storage):
        root = Path(storage.path(""))
        # Unlike rglob(), it passes over folders that others delete meanwhile.
        return {
            str(Path(folder, name).relative_to(root))
            for folder, _, names in os.walk(root)
            for name in names
        }
    listed = storage.bucket.objects.filter(Prefix=storage.prefix)
    return {entry.key.removeprefix(storage.prefix) for entry in listed}


def _put_in_cloud(storage: Any, key: str, data: bytes) -> None:
    name = storage.prefix + key
    if hasattr(storage, "azure_container"):
        storage.client.upload_blob(name, data, overwrite=True)
    else:
        storage.bucket.blob(name).upload_from_string(data)


def _names_in_cloud(storage: Any) -> set[str]:
    container = storage.client if hasattr(storage, "azure_container") else storage.bucket
    names = {blob.name for blob in container.list_blobs()}
    return {name.removeprefix(storage.prefix) for name in names if name.startswith(storage.prefix)}


def _names_in_memory(storage: InMemoryStorage, folder: str = "") -> Iterator[str]:
    folders, files = storage.listdir(folder)
    yield from (f"{folder}{name}" for name in files)
    for name in folders:
        yield from _names_in_memory(storage, f"{folder}{name}/")


def tend(command: str, *arguments: str) -> dict[str, Any]:
    """Run a command for many files, which may find troubles; return its JSON document."""
    out = StringIO()
    try:
        call_command(command, *arguments, "--json", stdout=out, stderr=StringIO())
    except CommandError as error:
        if not re.fullmatch(r"[0-9,]+ files? needs? attention\.", str(error)):
            raise
    document: dict[str, Any] = json.loads(out.getvalue())
    return document
