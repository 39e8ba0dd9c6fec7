"""Find originals without a row, and rows without an original."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from django_shift_media.exceptions import StorageUnavailable
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
    pages: Iterable[list[ObjectSummary]],
    referenced: NameTable,
    columns: Sequence[Column],
    stored_before: datetime,
) -> Iterator[ObjectSummary]:
    """
    Yield the originals that no row references, neither in the table nor in the databases now.

    Originals that were stored later may belong to uploads whose rows are not committed yet.
    Objects without the key of an original are ignored.
    """
    for page in pages:
        originals = {summary.key: summary for summary in page if keys.is_original(summary.key)}
        found = referenced.mark_found(list(originals))
        candidates = [
            key
            for key, original in originals.items()
            if key not in found and original.modified < stored_before
        ]
        found = find_referenced(candidates, columns)
        yield from (originals[key] for key in candidates if key not in found)


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
    for name, column in referenced.not_found():
        if not file_exists(storage, name) and find_referenced([name], columns):
            yield Result("missing", name, note=f"referenced by {column}", severity="error")
