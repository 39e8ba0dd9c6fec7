"""Originals without a row, and rows without their original."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.maintenance.listing import batched, in_threads
from django_shift_media.maintenance.references import Column, Index
from django_shift_media.maintenance.results import Result
from django_shift_media.naming import keys
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import Entry

# Orphans that the databases are asked of, once more, right before these are deleted.
_ASKED_AT_ONCE = 100


def read_names(index: Index, columns: Iterable[Column]) -> None:
    for column in columns:
        index.add((name, str(column)) for name in column.names())


def find_orphans(
    pages: Iterable[list[Entry]], index: Index, columns: Sequence[Column], stored_before: datetime
) -> Iterator[Entry]:
    """
    Give the originals that no row names, nor has come to name while they were looked for.

    Those stored later may belong to uploads whose rows are not committed yet. What is no
    original's key is not ours.
    """
    for page in pages:
        originals = {entry.key: entry for entry in page if keys.is_original(entry.key)}
        named = index.see(list(originals))
        left = [
            key
            for key, entry in originals.items()
            if key not in named and entry.modified < stored_before
        ]
        named = still_named(left, columns)
        yield from (originals[key] for key in left if key not in named)


def still_named(names: Sequence[str], columns: Iterable[Column]) -> set[str]:
    """Ask the databases which of these names rows have at this moment."""
    return set().union(*(column.naming(names) for column in columns)) if names else set()


def delete(
    storage: MediaStorage, orphans: Iterable[Entry], columns: Sequence[Column], workers: int
) -> Iterator[Result]:
    """Delete originals and their resizes, but for those that rows name at the last moment."""
    for batch in batched(orphans, _ASKED_AT_ONCE):
        named = still_named([entry.key for entry in batch], columns)
        for entry in batch:
            if entry.key in named:
                yield Result("kept", entry.key, entry.size, "a row names it by now", "news")
        left = [entry for entry in batch if entry.key not in named]
        yield from in_threads(partial(_delete, storage), left, workers)


def _delete(storage: MediaStorage, orphan: Entry) -> Result:
    try:
        storage.delete(orphan.key)
    except StorageUnavailable as error:
        return Result("not deleted", orphan.key, orphan.size, str(error), "trouble")
    return Result("deleted", orphan.key, orphan.size, weight="news")


def find_missing(
    storage: MediaStorage, pages: Iterable[list[Entry]], index: Index, columns: Sequence[Column]
) -> Iterator[Result]:
    """Give the names that a listing has not, nor the storage when asked for each."""
    for page in pages:
        index.see([entry.key for entry in page])
    for name, place in index.unseen():
        if not storage.exists(name) and still_named([name], columns):
            yield Result("missing", name, note=f"named by {place}", weight="trouble")
