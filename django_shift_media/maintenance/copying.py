"""Copy originals from one media storage to another, under the same keys."""

from collections.abc import Iterable, Iterator
from functools import partial

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.maintenance.listing import in_threads
from django_shift_media.maintenance.results import Result
from django_shift_media.naming import keys
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import ObjectSummary
from django_shift_media.storages.erasure import is_tombstone, tombstone_of
from django_shift_media.storages.stored_file import StoredFile

# An original in the source, and what the target has of the same upload, by keys.
Pair = tuple[ObjectSummary, dict[str, ObjectSummary]]


def copy_originals(
    pages: Iterable[list[ObjectSummary]],
    source: MediaStorage,
    target: MediaStorage,
    *,
    workers: int,
    checksum: bool = False,
    dry_run: bool = False,
) -> Iterator[Result]:
    """
    Copy the originals that the target does not have, and verify the copies. Overwrite nothing.

    An existing object of the same size is assumed to be equal, because every copy was verified.
    With ``checksum``, its content is compared, too.
    """
    tombstones: list[ObjectSummary] = []
    copy = partial(_copy, source, target, checksum, dry_run)
    yield from in_threads(copy, _pairs(pages, target, tombstones), workers)
    for tombstone in tombstones:
        yield from _erased_in_source(target, tombstone)


def _pairs(
    pages: Iterable[list[ObjectSummary]], target: MediaStorage, tombstones: list[ObjectSummary]
) -> Iterator[Pair]:
    for page in pages:
        tombstones += [summary for summary in page if is_tombstone(summary.key)]
        originals = {summary.key: summary for summary in page if keys.is_original(summary.key)}
        for key, objects in target.list_uploads(sorted(originals)):
            yield originals[key], {summary.key: summary for summary in objects}


def _erased_in_source(target: MediaStorage, tombstone: ObjectSummary) -> Iterator[Result]:
    """Yield the originals that were copied before they were erased."""
    for page in target.list_pages(tombstone.key[: keys.UUID_LENGTH + 1]):
        for summary in page:
            if keys.is_original(summary.key):
                note = "erased in the source, and still in the target: erase it there, too"
                yield Result("erased", summary.key, summary.size, note, "error")


def _copy(
    source: MediaStorage, target: MediaStorage, checksum: bool, dry_run: bool, pair: Pair
) -> Result:
    original, stored = pair
    if tombstone_of(original.key) in stored:
        return _erased(original)
    existing = stored.get(original.key)
    with StoredFile(source, original.key) as file:
        try:
            if existing:
                is_same = existing.size == original.size and (
                    not checksum or target.has_same_content(original.key, file)
                )
                if is_same:
                    return _already_stored(original)
                return _error("different", original, "the target has another file with this key")
            if dry_run:
                return Result("would be copied", original.key, original.size)
            return _store(target, original, file)
        except FileNotFoundError:
            note = "deleted during the run"
            return Result("not found", original.key, note=note, severity="notice")
        except (StorageUnavailable, OSError) as error:
            return _error("not copied", original, str(error))


def _store(target: MediaStorage, original: ObjectSummary, file: StoredFile) -> Result:
    stored_key = target.save(original.key, file)
    if stored_key != original.key:  # Another process stored it first, so save() chose a new key.
        target.delete(stored_key)
        return _already_stored(original)
    if target.exists(tombstone_of(original.key)):  # while it was copied
        target.delete(original.key)
        return _erased(original)
    if target.has_same_content(original.key, file):
        return Result("copied", original.key, original.size)
    target.delete_many([original.key])
    return _error("damaged", original, "the copy was different and has been deleted")


def _already_stored(original: ObjectSummary) -> Result:
    return Result("already stored", original.key, original.size)


def _erased(original: ObjectSummary) -> Result:
    note = "erased in the target, and still in the source: erase it there, too"
    return Result("erased", original.key, original.size, note, "error")


def _error(outcome: str, original: ObjectSummary, note: str) -> Result:
    return Result(outcome, original.key, original.size, note, "error")
