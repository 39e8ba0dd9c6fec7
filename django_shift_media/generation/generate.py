"""A resize's key → the resize, stored: found, or made once however many ask for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django_shift_media.conf import conf
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.engines.stopwatch import Stopwatch
from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.generation.cache_lock import cache_store
from django_shift_media.generation.events import report_made, reporting_failure
from django_shift_media.generation.single_flight import SingleFlight
from django_shift_media.generation.worker_pool import worker_pool
from django_shift_media.naming import presets, signing
from django_shift_media.naming.resizes import Resize
from django_shift_media.storages.base import MediaStorage

# Seconds for which a failure is remembered, to not be provoked again and again.
_REMEMBER_MISSING = 60
_REMEMBER_UNREADABLE = 3600
# Seconds for which others may have looked before a resize was made and lock after.
_REMEMBER_MADE = 60

_originals: SingleFlight[bytes] = SingleFlight()
_resizes: SingleFlight["Media"] = SingleFlight()


@dataclass(frozen=True, slots=True)
class Media:
    """
    A resize that is stored under ``key``.

    ``data`` is None where only a redirect needs it. ``made`` says how long the parts of making
    it took, in milliseconds; None: it was there.
    """

    key: str
    data: bytes | None
    made: Mapping[str, float] | None = None


def find_or_generate(storage: MediaStorage, key: str) -> Media:
    """
    Return the resize of that key, and make and store it first if it is missing.

    Raise ``BadSignature``, ``InvalidKey`` or ``InvalidResize`` for a key that this site has not
    signed, or no longer makes, before anything is read; ``FileNotFoundError`` if the original is
    gone, ``UnacceptableFile`` if it cannot be resized, ``Busy`` or ``StorageUnavailable``.
    """
    original, resize = signing.unsign(key)
    presets.require_allowed(original, resize)
    _raise_remembered(key)
    with _resizes.use(key, lambda: _find_or_make(storage, key, original, resize)) as media:
        return media


def read(storage: MediaStorage, media: Media) -> bytes:
    """Return the bytes of a resize."""
    if media.data is not None:
        return media.data
    with reporting_failure(storage, media.key, Stopwatch()):
        return storage.get(media.key)


def _find_or_make(storage: MediaStorage, key: str, original: str, resize: Resize) -> Media:
    stopwatch = Stopwatch()
    with reporting_failure(storage, key, stopwatch):
        if media := _find(storage, key):
            return media
        with cache_store.lock(_word("lock", key)):
            # Another process may have finished, or failed, between the look and the lock.
            if cache_store.get(_word("made", key)) and (media := _find(storage, key)):
                return media
            _raise_remembered(key)
            stopwatch.lap("find")
            with _remembering_failure(key):
                media = _make(storage, key, original, resize, stopwatch)
            cache_store.set(_word("made", key), True, _REMEMBER_MADE)
            return media


def _find(storage: MediaStorage, key: str) -> Media | None:
    if storage.mode == "website":
        return Media(key, None) if storage.exists(key) else None
    try:
        return Media(key, storage.get(key))
    except FileNotFoundError:
        return None


def _make(
    storage: MediaStorage, key: str, original: str, resize: Resize, stopwatch: Stopwatch
) -> Media:
    resized = _render(storage, original, resize, stopwatch)
    storage.put(key, resized)
    stopwatch.lap("put")
    report_made(storage, key, len(resized), stopwatch)
    return Media(key, resized, made=stopwatch.parts)


def _render(storage: MediaStorage, original: str, resize: Resize, stopwatch: Stopwatch) -> bytes:
    here = worker_pool()
    with here.queueing(), here.holding():
        stopwatch.lap("queue")
        # Others that hold the same original share its bytes: sizes of one picture that are asked
        # for together fetch it once.
        with _originals.use(original, lambda: _fetch(storage, original)) as data:
            stopwatch.lap("fetch")
            return here.decode(lambda: _resize(data, resize, stopwatch))


def _resize(data: bytes, resize: Resize, stopwatch: Stopwatch) -> bytes:
    stopwatch.lap("queue")
    return get_engine().render(data, resize, engine_options(), stopwatch)


def _fetch(storage: MediaStorage, original: str) -> bytes:
    return storage.get(original, max_bytes=conf.max_bytes)


@contextmanager
def _remembering_failure(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        # A reason is what an original that can be read is refused for: this one has none.
        cache_store.set(_word("failed", key), "", _REMEMBER_MISSING)
        raise
    except UnacceptableFile as error:
        cache_store.set(_word("failed", key), str(error), _REMEMBER_UNREADABLE)
        raise


def _raise_remembered(key: str) -> None:
    reason = cache_store.get(_word("failed", key))
    if reason is not None:
        raise UnacceptableFile(reason) if reason else FileNotFoundError(key)


def _word(what: str, key: str) -> str:
    # The signature tells resizes apart, and fits where a whole key might be too long.
    return f"django_shift_media:{what}:{key.rpartition('-')[2]}"
