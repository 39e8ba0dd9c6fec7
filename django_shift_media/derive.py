"""A resize's key → the resize, stored: found, or made once however many ask for it."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from django_shift_media import signing
from django_shift_media.conf import conf
from django_shift_media.engines import get_engine
from django_shift_media.exceptions import Busy, UnacceptableFile
from django_shift_media.once import Shared, shared_memory
from django_shift_media.resizes import Resize
from django_shift_media.storages import MediaStorage

logger = logging.getLogger("django_shift_media")

# Seconds for which a failure is remembered, to not be provoked again and again.
_REMEMBER_MISSING = 60
_REMEMBER_UNREADABLE = 3600
# Seconds for which others may have looked before a resize was made and lock after.
_REMEMBER_MADE = 60
# For each resize that is being made, so many may wait, and for so many seconds.
_WAITING = 16
_WAIT_SECONDS = 15

_originals: Shared[bytes] = Shared()
_resizes: Shared["Media"] = Shared()


@dataclass(frozen=True, slots=True)
class Media:
    """A resize that is stored under ``key``. ``data`` is None where only a redirect needs it."""

    key: str
    data: bytes | None
    made: bool


def find_or_make(storage: MediaStorage, key: str) -> Media:
    """
    Return the resize of that key, and make and store it first if it is missing.

    Raise ``BadSignature``, ``InvalidKey`` or ``InvalidResize`` for a key that this site has not
    signed, before anything is read; ``FileNotFoundError`` if the original is gone,
    ``UnacceptableFile`` if it cannot be resized, ``Busy`` or ``StorageUnavailable``.
    """
    original, resize = signing.unsign(key)
    _raise_remembered(key)
    with _resizes.use(key, lambda: _find_or_make(storage, key, original, resize)) as media:
        return media


def read(storage: MediaStorage, media: Media) -> bytes:
    """Return the bytes of a resize."""
    return storage.get(media.key) if media.data is None else media.data


def _find_or_make(storage: MediaStorage, key: str, original: str, resize: Resize) -> Media:
    if media := _find(storage, key):
        return media
    with shared_memory.lock(_word("lock", key)):
        # Another process may have finished between the look and the lock.
        if shared_memory.get(_word("made", key)) and (media := _find(storage, key)):
            return media
        with _remembering_failure(key):
            data = _make(storage, key, original, resize)
        shared_memory.set(_word("made", key), True, _REMEMBER_MADE)
        return Media(key, data, made=True)


def _find(storage: MediaStorage, key: str) -> Media | None:
    if storage.mode == "website":
        return Media(key, None, made=False) if storage.has(key) else None
    try:
        return Media(key, storage.get(key), made=False)
    except FileNotFoundError:
        return None


def _make(storage: MediaStorage, key: str, original: str, resize: Resize) -> bytes:
    started = time.perf_counter()
    places = _places(conf.concurrency)
    # Fetched while in the queue and kept for those in it: the sizes of one picture that are
    # asked for together fetch it once.
    with places.waiting(), _originals.use(original, lambda: _fetch(storage, original)) as data:
        with places.working():
            resized = get_engine().render(data, resize, max_pixels=conf.max_pixels)
        size = len(data)
    storage.put(key, resized)
    milliseconds = 1000 * (time.perf_counter() - started)
    logger.info("Made %s: %d bytes of %d, %.0f ms", key, len(resized), size, milliseconds)
    return resized


def _fetch(storage: MediaStorage, original: str) -> bytes:
    return storage.get(original, max_bytes=conf.max_bytes)


class _Places:
    """As many places as resizes may be made at a time, and a short queue for them."""

    def __init__(self, number: int) -> None:
        self._queue = threading.BoundedSemaphore(number * (1 + _WAITING))
        self._places = threading.BoundedSemaphore(number)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        if not self._queue.acquire(blocking=False):
            raise Busy("The queue is full.")
        try:
            yield
        finally:
            self._queue.release()

    @contextmanager
    def working(self) -> Iterator[None]:
        if not self._places.acquire(timeout=_WAIT_SECONDS):
            raise Busy("Waited too long in the queue.")
        try:
            yield
        finally:
            self._places.release()


@lru_cache
def _places(number: int) -> _Places:
    return _Places(number)


@contextmanager
def _remembering_failure(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        # A reason is what an original that can be read is refused for: this one has none.
        shared_memory.set(_word("failed", key), "", _REMEMBER_MISSING)
        raise
    except UnacceptableFile as error:
        logger.warning("Cannot make %s: %s", key, error, exc_info=error.__cause__)
        shared_memory.set(_word("failed", key), str(error), _REMEMBER_UNREADABLE)
        raise


def _raise_remembered(key: str) -> None:
    reason = shared_memory.get(_word("failed", key))
    if reason is not None:
        raise UnacceptableFile(reason) if reason else FileNotFoundError(key)


def _word(what: str, key: str) -> str:
    # The signature tells resizes apart, and fits where a whole key might be too long.
    return f"django_shift_media:{what}:{key.rpartition('-')[2]}"
