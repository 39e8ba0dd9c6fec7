"""What the conformance tests of media storages share: uploads, and requirements with a message."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from django.core.files.base import ContentFile

from django_shift_media.naming import keys
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import ObjectSummary

# All bytes, so that a storage that converts line ends or text is found.
CONTENT = bytes(range(256)) * 3


class ConformanceHelpers:
    """Store, list and delete uploads in ``storage``."""

    storage: MediaStorage

    @contextmanager
    def _upload(self) -> Iterator[str]:
        """Save an original, and delete all of its upload at the end."""
        original = self.storage.save(new_original(), ContentFile(CONTENT))
        try:
            yield original
        finally:
            with suppress(Exception):  # reported by the tests of deletions
                self.storage.delete(original)
                self.storage.delete_many([item.key for item in self._upload_items(original)])

    def _put(self, original: str, width: int = 1) -> str:
        resize = resize_of(original, width)
        self.storage.put(resize, CONTENT)
        return resize

    def _first_sight(self, key: str, is_stored: threading.Event) -> bytes:
        """Return the content of an object as soon as there is any."""
        while True:
            was_stored = is_stored.is_set()
            try:
                return self.storage.get(key)
            except FileNotFoundError:
                if was_stored:
                    raise

    def _listed(self, prefix: str) -> list[ObjectSummary]:
        return [item for page in self.storage.list_pages(prefix) for item in page]

    def _upload_items(self, original: str) -> list[ObjectSummary]:
        return self._listed(keys.upload_prefix(original))

    def _require_keys(self, original: str, expected: set[str]) -> None:
        found = [item.key for item in self._upload_items(original)]
        require(sorted(found) == sorted(expected), "the upload has {}, not {}", found, expected)


def new_original() -> str:
    return keys.new_original("cat.jpg")


def resize_of(original: str, width: int = 1) -> str:
    return keys.build_resize(original, f"{width}x-fit-80-noupscale.jpg", "a" * 32)


def require(condition: object, message: str, *values: object) -> None:
    """Raise ``AssertionError`` unless the condition is true, also with ``python -O``."""
    if not condition:
        raise AssertionError(message.format(*values))


def require_missing(function: Callable[[], Any], name: str) -> None:
    """Require that a function raises ``FileNotFoundError``."""
    try:
        function()
    except FileNotFoundError:
        return
    except Exception as error:
        raise AssertionError(f"{name} raised {error!r}, not FileNotFoundError") from error
    raise AssertionError(f"{name} did not raise FileNotFoundError")


@contextmanager
def observed(storage: MediaStorage, original: str, seen: list[str]) -> Iterator[None]:
    """Note the calls of methods of the storage that come before the original is deleted."""

    def list_pages(prefix: str) -> Iterator[list[ObjectSummary]]:
        if storage.exists(original):
            seen.append("list_pages()")
        return type(storage).list_pages(storage, prefix)

    def delete_many(some: Sequence[str]) -> dict[str, str]:
        if original not in some and storage.exists(original):
            seen.append("delete_many()")
        return type(storage).delete_many(storage, some)

    vars(storage).update(list_pages=list_pages, delete_many=delete_many)
    try:
        yield
    finally:
        for name in ("list_pages", "delete_many"):
            del vars(storage)[name]
