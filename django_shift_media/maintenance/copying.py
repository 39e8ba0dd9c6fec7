"""Originals from one media storage into another, under the same keys."""

from collections.abc import Iterable, Iterator
from functools import partial

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.maintenance.listing import in_threads
from django_shift_media.maintenance.results import Result
from django_shift_media.naming import keys
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import Entry
from django_shift_media.storages.stored_file import StoredFile

# An object of one storage, and what the other has under its key.
Pair = tuple[Entry, Entry | None]


def copy_originals(
    pages: Iterable[list[Entry]],
    source: MediaStorage,
    target: MediaStorage,
    *,
    workers: int,
    checksum: bool = False,
    dry_run: bool = False,
) -> Iterator[Result]:
    """
    Copy what the target has not, and verify it. Nothing is overwritten.

    What is there in the same size is the same: every copy has been verified. ``checksum`` has
    it compared nevertheless.
    """
    copy = partial(_copy, source, target, checksum, dry_run)
    yield from in_threads(copy, _pairs(pages, target), workers)


def _pairs(pages: Iterable[list[Entry]], target: MediaStorage) -> Iterator[Pair]:
    for page in pages:
        originals = {entry.key: entry for entry in page if keys.is_original(entry.key)}
        for key, beside in target.list_uploads(sorted(originals)):
            yield originals[key], next((entry for entry in beside if entry.key == key), None)


def _copy(
    source: MediaStorage, target: MediaStorage, checksum: bool, dry_run: bool, pair: Pair
) -> Result:
    entry, there = pair
    with StoredFile(source, entry.key) as file:
        try:
            if there:
                same = there.size == entry.size and (
                    not checksum or target.has_same_content(entry.key, file)
                )
                return _there(entry) if same else _trouble("different", entry, "there already")
            if dry_run:
                return Result("would be copied", entry.key, entry.size)
            return _store(target, entry, file)
        except FileNotFoundError:
            return Result("gone", entry.key, note="deleted meanwhile", weight="news")
        except (StorageUnavailable, OSError) as error:
            return _trouble("not copied", entry, str(error))


def _store(target: MediaStorage, entry: Entry, file: StoredFile) -> Result:
    stored = target.save(entry.key, file)
    if stored != entry.key:  # somebody else was faster, so the storage took another key
        target.delete(stored)
        return _there(entry)
    if target.has_same_content(entry.key, file):
        return Result("copied", entry.key, entry.size)
    target.delete_many([entry.key])
    return _trouble("damaged", entry, "the copy differed, and is deleted")


def _there(entry: Entry) -> Result:
    return Result("there already", entry.key, entry.size)


def _trouble(what: str, entry: Entry, why: str) -> Result:
    return Result(what, entry.key, entry.size, why, "trouble")
