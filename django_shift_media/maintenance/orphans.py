"""Find originals without a row, and rows without an original."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from django_shift_media.exceptions import InvalidKey, StorageUnavailable
from django_shift_media.maintenance.bad_rows import file_exists
from django_shift_media.maintenance.listing import batched, in_threads
from django_shift_media.maintenance.references import NameTable
from django_shift_media.maintenance.results import Result
from django_shift_media.media.references import Column, find_referenced
from django_shift_media.naming import keys
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import ObjectSummary

# Orphans for which the databases are queried again, right before these are deleted.
_BATCH_SIZE = 100


def find_orphans(
    storage: MediaStorage,
    pages: Iterable[list[ObjectSummary]],
    referenced: NameTable,
    columns: Sequence[Column],
    stored_before: datetime,
) -> Iterator[ObjectSummary]:
    """
    Yield the originals that no row references, neither in the table nor in the databases now.

    Yield a resize, too, if its original is neither stored nor referenced: what an interrupted
    deletion has left.

    Objects that were stored later may belong to uploads whose rows are not committed yet. Objects
    without a key of this package are ignored.
    """
    for page in pages:
        old = [summary for summary in page if summary.modified < stored_before]
        originals = {summary.key: summary for summary in page if keys.is_original(summary.key)}
        resizes = {
            summary: original
            for summary in old
            if (original := _original_of_resize(summary.key)) and original not in originals
        }
        found = referenced.mark_found([*originals, *resizes.values()])
        candidates = {summary.key for summary in old if summary.key in originals}
        candidates = (candidates | set(resizes.values())) - found
        candidates -= find_referenced(sorted(candidates), columns)
        yield from (originals[key] for key in originals if key in candidates)
        # A page may end between an original and its resizes.
        gone = {key for key in candidates if key not in originals and not storage.exists(key)}
        yield from (summary for summary, original in resizes.items() if original in gone)


def _original_of_resize(key: str) -> str | None:
    try:
        return None if keys.is_original(key) else keys.original_of(key)
    except InvalidKey:
        return None


def delete_orphans(
    storage: MediaStorage,
    orphans: Iterable[ObjectSummary],
    columns: Sequence[Column],
    workers: int,
) -> Iterator[Result]:
    """Delete originals and their resizes, except originals that a row references now."""
    for batch in batched(orphans, _BATCH_SIZE):
        referenced = find_referenced([orphan.key for orphan in batch], columns)
        for orphan in batch:
            if orphan.key in referenced:
                note = "a row references it now"
                yield Result("kept", orphan.key, orphan.size, note, "notice")
        remaining = [orphan for orphan in batch if orphan.key not in referenced]
        yield from in_threads(partial(_delete, storage), remaining, workers)


def _delete(storage: MediaStorage, orphan: ObjectSummary) -> Result:
    try:
        storage.delete(orphan.key)
    except StorageUnavailable as error:
        return Result("not deleted", orphan.key, orphan.size, str(error), "error")
    return Result("deleted", orphan.key, orphan.size, severity="notice")


def find_missing(
    storage: MediaStorage,
    pages: Iterable[list[ObjectSummary]],
    referenced: NameTable,
    columns: Sequence[Column],
) -> Iterator[Result]:
    """Yield the referenced names that are not in the listing and that the storage does not have."""
    for page in pages:
        referenced.mark_found([summary.key for summary in page])
    for name, column in missing_names(storage, referenced, columns):
        yield Result("missing", name, note=f"referenced by {column}", severity="error")


def missing_names(
    storage: MediaStorage, referenced: NameTable, columns: Sequence[Column]
) -> Iterator[tuple[str, str]]:
    """
    Yield the names that were never marked as found, each with the column that references it.

    Files that were stored, and rows that were changed, after the listing began are no mistake.
    """
    for name, column in referenced.not_found():
        if not file_exists(storage, name) and find_referenced([name], columns):
            yield name, column
