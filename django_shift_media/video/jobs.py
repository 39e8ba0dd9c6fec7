"""The job of a worker: make the renditions and posters of a video that are missing."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from django_shift_media.generation.cache_lock import LockTaken, cache_key, cache_store
from django_shift_media.naming.renditions import Ladder, Made, unsign
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import require_deleted
from django_shift_media.storages.erasure import tombstone_of
from django_shift_media.video.hls import stored_size
from django_shift_media.video.maker import Work, get_maker
from django_shift_media.video.reports import Report


def make_of_video(storage: MediaStorage, keys: Sequence[str]) -> None:
    """
    Make what is missing of one video.

    This is idempotent, and can be interrupted at any time: the locks of a worker that was killed
    expire after some seconds. What another worker makes now is left to it. Raise ``BadSignature``
    or ``InvalidResize`` for a key that this site has not signed, or no longer allows, and as
    ``Maker.make()`` does.
    """
    made = {key: unsign(key) for key in keys}
    [original] = {original for original, _ in made.values()}
    [(_, entries)] = storage.list_uploads([original])
    stored = {entry.key: entry.size for entry in entries}
    if original not in stored or tombstone_of(original) in stored:
        get_maker().forget(storage, keys)
        return
    report = Report(storage, original)
    wanted: dict[str, Made] = {}
    with ExitStack() as locks:
        for key, (_, each) in made.items():
            if size := _stored_size(storage, key, each, stored):
                report.stored(key, each, size)
            elif _is_locked_here(locks, storage, key) and _is_missing(storage, key, each):
                wanted[key] = each
        if wanted:
            get_maker().make(Work(storage=storage, original=original, wanted=wanted, report=report))


def _stored_size(
    storage: MediaStorage, key: str, made: Made, stored: Mapping[str, int]
) -> int | None:
    """Return the bytes of a rendition or poster; None if it, or a file of it, is not stored."""
    if isinstance(made, Ladder):
        return stored_size(storage, key, stored)
    return stored.get(key)


def _is_locked_here(locks: ExitStack, storage: MediaStorage, key: str) -> bool:
    """Lock a key, unless another worker has it."""
    try:
        locks.enter_context(cache_store.lock(cache_key("lock", storage, key), wait=False))
    except LockTaken:
        return False
    return True


def _is_missing(storage: MediaStorage, key: str, made: Made) -> bool:
    """
    Return whether a key is still missing, as another worker may just have finished.

    Of a ladder of which some files are left, those are deleted: all have to be of one encoding.
    """
    if not isinstance(made, Ladder):
        return not storage.exists(key)
    folder = key.removesuffix(made.MASTER)
    stored = {each.key: each.size for page in storage.list_pages(folder) for each in page}
    if stored_size(storage, key, stored):
        return False
    for keys in ([key], [each for each in stored if each != key]):  # the first playlist first
        if keys:
            require_deleted(storage.delete_many(keys))
    return True
