"""From the key of a resize to the stored resize: found, or generated once for all who ask."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial

from django_shift_media.conf import conf
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.engines.stopwatch import Stopwatch
from django_shift_media.exceptions import Busy, NotReady
from django_shift_media.generation.cache_lock import LockTaken, cache_key, cache_store
from django_shift_media.generation.events import entering, report_failure, report_success
from django_shift_media.generation.failures import (
    raise_failure,
    raise_remembered_failure,
    remember_failure,
)
from django_shift_media.generation.request_threads import request_threads
from django_shift_media.generation.single_flight import SingleFlight
from django_shift_media.generation.storing import require_original
from django_shift_media.generation.worker_pool import worker_pool
from django_shift_media.naming import presets, signing
from django_shift_media.naming.posters import picture_of
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.steps import require_current
from django_shift_media.storages.base import MediaStorage

# Seconds for which other processes that waited for the lock learn that the resize was stored.
_REMEMBER_STORED = 60

_lookups: SingleFlight["StoredResize | None"] = SingleFlight()
_resizes: SingleFlight["StoredResize"] = SingleFlight()
_originals: SingleFlight[bytes] = SingleFlight()


class ResizeMissing(Exception):
    """A resize is missing, and its request waits outside of this thread."""

    def __init__(self, generation: "Generation") -> None:
        super().__init__(generation.key)
        self.generation = generation


@dataclass(slots=True)
class AsyncRequest:
    """
    A request on an ASGI server, which waits outside of its thread.

    ``result`` returns what it has waited for, or raises the exception; None before that.
    """

    result: "Callable[[], StoredResize] | None" = None


# The request that this thread works for; None if it may wait in the thread.
async_request: ContextVar[AsyncRequest | None] = ContextVar("async_request", default=None)


@dataclass(frozen=True, slots=True)
class StoredResize:
    """
    A resize that is stored under ``key``.

    ``data`` is None where a redirect is enough. ``timings`` has the milliseconds of each part of
    its generation, and is None if the resize was stored already.
    """

    key: str
    data: bytes | None
    timings: Mapping[str, float] | None = None


def find_or_generate(storage: MediaStorage, key: str) -> StoredResize:
    """
    Return the resize with this key; generate and store it first if it is missing.

    Before anything is read, raise ``BadSignature``, ``InvalidKey`` or ``InvalidResize`` for a key
    that this site has not signed, or no longer allows. If it is missing, raise ``InvalidResize``
    for a version of a step that is not current, ``FileNotFoundError`` if the original is gone,
    ``UnacceptableFile`` if it cannot be resized, ``StepFailed``, ``Busy`` or
    ``StorageUnavailable``. On ASGI servers, raise ``ResizeMissing`` instead of waiting.
    """
    original, resize = signing.unsign(key)
    presets.require_allowed(original, resize)
    request = async_request.get()
    if request and request.result:
        return request.result()
    raise_remembered_failure(storage, key)
    generation = Generation(storage, key, original, resize)
    scoped = storage.scoped(key)
    counted = nullcontext() if request else request_threads.lookup()
    with entering(counted, storage, key), _lookups.use(scoped, generation.find) as found:
        if found:
            return found
    require_current(resize.steps)
    if request:
        raise ResizeMissing(generation)
    place = request_threads.place()
    with entering(place, storage, key), _resizes.use(scoped, generation.run) as stored:
        return stored


def read_bytes(storage: MediaStorage, stored: StoredResize) -> bytes:
    """Return the bytes of a stored resize."""
    if stored.data is not None:
        return stored.data
    with report_failure(storage, stored.key, Stopwatch()):
        return storage.get(stored.key)


def fetch(storage: MediaStorage, original: str) -> bytes:
    """
    Return the picture that the resizes of an original are made of.

    Raise ``NotReady`` if it is the poster of a video and has to be made first.
    """
    source = picture_of(original)
    try:
        return storage.get(source, max_bytes=conf.max_bytes)
    except FileNotFoundError:
        if source == original or not storage.exists(original):
            raise
        raise_remembered_failure(storage, source)
        raise NotReady(source) from None


@dataclass(frozen=True, slots=True)
class Generation:
    """One request for one resize: ``find()`` looks for it, ``run()`` generates and stores it."""

    storage: MediaStorage
    key: str
    original: str
    resize: Resize
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    def find(self) -> StoredResize | None:
        with self.reporting():
            return self._find()

    def run(self) -> StoredResize:
        """Generate the resize, or return the one that another process has generated meanwhile."""
        try:
            return self.run_in_turn(wait=request_threads.may_wait)
        except LockTaken:
            with self.reporting():
                reason = "Another process generates it, and this one has a single thread."
                raise Busy(reason) from None

    def run_in_turn(self, *, wait: bool) -> StoredResize:
        """As ``run()``; raise ``LockTaken`` if it is another's turn and ``wait`` is false."""
        with (
            self.reporting(),
            cache_store.lock(cache_key("lock", self.storage, self.key), wait=wait),
        ):
            return self._find_result_of_others() or self._generate()

    def reporting(self) -> AbstractContextManager[None]:
        return report_failure(self.storage, self.key, self.stopwatch)

    def _find(self) -> StoredResize | None:
        if self.storage.served_elsewhere:
            return StoredResize(self.key, None) if self.storage.exists(self.key) else None
        try:
            return StoredResize(self.key, self.storage.get(self.key))
        except FileNotFoundError:
            return None

    def _find_result_of_others(self) -> StoredResize | None:
        """Look again with the lock: another process may have finished, or failed, meanwhile."""
        failed, stored = (cache_key(note, self.storage, self.key) for note in ("failed", "stored"))
        notes = cache_store.get_many([failed, stored])
        raise_failure(self.key, notes.get(failed))
        return self._find() if notes.get(stored) else None

    def _generate(self) -> StoredResize:
        self.stopwatch.lap("find")
        with remember_failure(self.storage, self.key):
            data = self._render()
            self.storage.put(self.key, data)
            require_original(self.storage, self.original, [self.key])
        self.stopwatch.lap("put")
        report_success(self.storage, self.key, len(data), self.stopwatch)
        cache_store.set(cache_key("stored", self.storage, self.key), True, _REMEMBER_STORED)
        return StoredResize(self.key, data, self.stopwatch.parts)

    def _render(self) -> bytes:
        pool = worker_pool()
        with pool.admit():
            self.stopwatch.lap("queue")
            # Several sizes of one original that are requested together fetch it once.
            source = picture_of(self.original)
            with _originals.use(
                self.storage.scoped(source), partial(fetch, self.storage, self.original)
            ) as original:
                self.stopwatch.lap("fetch")
                return pool.decode(partial(self._resize, original))

    def _resize(self, original: bytes) -> bytes:
        self.stopwatch.lap("queue")
        return get_engine().render(original, self.resize, engine_options(), self.stopwatch)
