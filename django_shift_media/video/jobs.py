"""The job of a worker: make the renditions and posters of a video that are missing."""

from collections.abc import Sequence
from contextlib import ExitStack

from django_shift_media.generation.cache_lock import LockTaken, cache_key, cache_store
from django_shift_media.naming.renditions import Made, unsign
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.erasure import tombstone_of
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
            if key in stored:
                report.stored(key, each, stored[key])
            elif _is_locked_here(locks, storage, key):
                wanted[key] = each
        if wanted:
            get_maker().make(Work(storage=storage, original=original, wanted=wanted, report=report))


def _is_locked_here(locks: ExitStack, storage: MediaStorage, key: str) -> bool:
    """Lock a key, unless another worker has it."""
    try:
        locks.enter_context(cache_store.lock(cache_key("lock", storage, key), wait=False))
    except LockTaken:
        return False
    return not storage.exists(key)  # another worker may just have finished
