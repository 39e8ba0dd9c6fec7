"""Objects of all sorts, put into any media storage past the checks of uploads."""

import os
import uuid
from pathlib import Path
from typing import Any


def new_key(name: str = "cat.jpg") -> str:
    return f"{str(uuid.uuid4()).replace('-', '/')}/{name}/{name}"


def resize_of(original: str, width: int = 1, signature: str = "a" * 32) -> str:
    return f"{original.rpartition('/')[0]}/{width}x-fit-80-noupscale-{signature}.jpg"


def put(storage: Any, key: str, data: bytes = b"data") -> str:
    """Store anything under any key."""
    if hasattr(storage, "client"):
        storage.client.put_object(Bucket=storage.bucket_name, Key=storage.prefix + key, Body=data)
    else:
        path = Path(storage.path(key))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return key


def keys_of(storage: Any) -> set[str]:
    """Return all keys that a storage has, below its prefix or folder."""
    if not hasattr(storage, "client"):
        root = Path(storage.path(""))
        # Unlike rglob(), it passes over folders that others delete meanwhile.
        return {
            str(Path(folder, name).relative_to(root))
            for folder, _, names in os.walk(root)
            for name in names
        }
    listed = storage.bucket.objects.filter(Prefix=storage.prefix)
    return {entry.key.removeprefix(storage.prefix) for entry in listed}
