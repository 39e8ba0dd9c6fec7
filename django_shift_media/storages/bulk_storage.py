"""The interface for maintenance: list, delete and compare many objects."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import ClassVar, NamedTuple

from django.core.files.storage import Storage

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.naming import keys
from django_shift_media.storages.erasure import (
    Invalidation,
    Inventory,
    StoredItem,
    is_tombstone,
)
from django_shift_media.storages.stored_file import StoredFile

# The maximum number of keys in a request to delete, and in a page of a listing.
BATCH_SIZE = 1000
# Sorts after all characters of keys: a prefix and this are after all keys with the prefix.
PREFIX_END = "\x7f"


class ObjectSummary(NamedTuple):
    """
    An object in a listing.

    ``size`` is in bytes; ``modified`` is an aware datetime.
    """

    key: str
    size: int
    modified: datetime


class BulkStorage(Storage):
    """
    A storage that can be listed in parallel and in constant memory.

    All keys begin with random hexadecimal digits, so that a listing can be split by prefixes of
    about the same size. Subclasses may override the defaults with faster implementations.
    """

    # Every key begins with exactly one of these.
    listing_prefixes: ClassVar[Sequence[str]] = tuple("0123456789abcdef")

    def list_pages(self, prefix: str) -> Iterator[list[ObjectSummary]]:
        """Yield all objects whose keys begin with ``prefix``, in any order."""
        raise NotImplementedError

    def list_parts(self) -> Sequence[Iterator[list[ObjectSummary]]]:
        """
        Return iterators over pages that together have every object once, to be read in parallel.

        Other than the listings of ``listing_prefixes``, they include objects of others.
        """
        return [self.list_pages("")]

    def list_uploads(self, originals: Iterable[str]) -> Iterator[tuple[str, list[ObjectSummary]]]:
        """
        Yield each original with all objects of its upload: the original and its resizes.

        Fastest if ``originals`` is sorted: neighbors can share a request.
        """
        for original in originals:
            prefix = keys.upload_prefix(original)
            yield original, [summary for page in self.list_pages(prefix) for summary in page]

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        """
        Delete up to ``BATCH_SIZE`` objects; return the error message of each that failed.

        Delete nothing else: not the resizes of an original. A missing object is not an error.
        """
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """Delete a file; for an original, also delete all of its resizes."""
        # The original first: see ``generation.storing``.
        require_deleted(self.delete_many([name]))
        if keys.is_original(name):
            for page in self.list_pages(keys.upload_prefix(name)):
                found = [summary.key for summary in page if not is_tombstone(summary.key)]
                require_deleted(self.delete_many(found))

    def find_items(self, original: str) -> Inventory:
        """Find all that the storage has of an upload, except its tombstone."""
        summaries = chain.from_iterable(self.list_pages(keys.upload_prefix(original)))
        return Inventory(
            [StoredItem("file", key, size) for key, size, _ in summaries if not is_tombstone(key)]
        )

    def find_in_replicas(self, original: str) -> Inventory:
        """Find what the copies that the server makes of this storage have of an upload."""
        return Inventory()

    def delete_items(self, items: Sequence[StoredItem]) -> dict[StoredItem, str]:
        """Delete parts of uploads for good; return the reason of each that remains."""
        errors = self.delete_many([item.key for item in items])
        return {item: errors[item.key] for item in items if item.key in errors}

    def invalidate_cdn(self, originals: Sequence[str]) -> list[Invalidation]:
        """Ask the CDNs that the storage knows to forget these uploads; do not wait for them."""
        return []

    def has_same_content(self, key: str, file: StoredFile) -> bool:
        """Return whether an object and a file have the same size and checksum."""
        return StoredFile(self, key).has_same_content_as(file)


def require_deleted(errors: Mapping[str, str]) -> None:
    """Raise ``StorageUnavailable`` if ``delete_many()`` has returned an error."""
    for key, message in errors.items():
        raise StorageUnavailable(f"Could not delete {key!r}: {message}")


def gaps_between(prefixes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """
    Yield the ranges of names that lie between sorted prefixes: what precedes each, and its end.

    There is none between "a1" and "a2". A range may include names that begin with its first prefix.
    The end of the last one is "".
    """
    for before, after in zip(["", *prefixes], [*prefixes, ""], strict=True):
        if not before or before[:-1] + chr(ord(before[-1]) + 1) != after:
            yield before and before + PREFIX_END, after
