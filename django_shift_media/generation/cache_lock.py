"""What the processes of a site share through Django's cache: locks, and short notes."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote

from django.core.cache import InvalidCacheBackendError, caches
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.db import connections

from django_shift_media.conf import conf
from django_shift_media.exceptions import Busy
from django_shift_media.generation.threads import starting_thread
from django_shift_media.storages.base import MediaStorage

logger = logging.getLogger("django_shift_media")

# Seconds after which a lock expires by itself, so that the death of its holder does not block
# others for long. A living holder renews it every _RENEW_SECONDS.
LOCK_SECONDS = 5
_RENEW_SECONDS = 1
# Seconds after which a request stops waiting for another process.
WAIT_SECONDS = 30
POLL_SECONDS = 0.05
# Seconds for which a cache that has failed is not asked again: each call may wait for a timeout.
_RETRY_SECONDS = 5
# These backends hold 300 entries, if not set otherwise, and drop others for each new one.
_COUNTING_BACKENDS = (LocMemCache, FileBasedCache, DatabaseCache)
_MAX_MARKS = 10_000
WAITED_TOO_LONG = "Waited too long for another process."


class LockTaken(Exception):
    """Another process holds a lock."""


def cache_key(purpose: str, storage: MediaStorage, key: str) -> str:
    """Return the cache key of a resize in a storage for a purpose, such as "lock" or "failed"."""
    alias = quote(storage.alias or "")
    # The signature identifies the resize; a whole key may exceed a backend's limit of length.
    return f"django_shift_media:{purpose}:{alias}:{key.rpartition('-')[2]}"


class _Lock:
    """A lock in the cache: its key, what tells it from that of another process, and its age."""

    def __init__(self, key: str) -> None:
        self.key, self.token = key, secrets.token_hex(8)
        self.asked_at = time.monotonic()

    @property
    def is_new(self) -> bool:
        """Whether it cannot have expired, even if the cache has never renewed it."""
        return time.monotonic() - self.asked_at < LOCK_SECONDS - _RENEW_SECONDS


class CacheStore:
    """
    Django's cache, as the processes of a site share it.

    If the cache is unavailable, every lookup is a cache miss: work may be done twice, and nothing
    breaks.
    """

    def __init__(self) -> None:
        self._retry_at = 0.0  # of time.monotonic()
        self._marks = LocMemCache("django_shift_media", {"max_entries": _MAX_MARKS})

    def _call(self, method: str, *args: Any) -> Any:
        if time.monotonic() < self._retry_at:
            return None
        try:
            return getattr(caches[conf.cache], method)(*args)
        except Exception as error:  # each backend fails in its own way
            self._pause(error)
            return None

    def _pause(self, error: Exception) -> None:
        """Do not use the cache for a while; log that once, however many threads find out."""
        now = time.monotonic()
        if now >= self._retry_at:
            self._retry_at = now + _RETRY_SECONDS
            logger.warning(
                "The cache %r is unavailable, and not used for %d s: %s: %s",
                conf.cache,
                _RETRY_SECONDS,
                type(error).__name__,
                error,
            )

    def get(self, key: str) -> Any:
        return self._call("get", key)

    def get_many(self, keys: Collection[str]) -> Mapping[str, Any]:
        """Return the values of those keys that have one, from a single round trip."""
        return self._call("get_many", keys) or {}

    def set(self, key: str, value: Any, seconds: int) -> None:
        self._call("set", key, value, seconds)

    def add(self, key: str, value: Any, seconds: int) -> bool:
        """Return whether the key was free; an unavailable cache says yes."""
        return self._call("add", key, value, seconds) is not False

    def mark(self, key: str, seconds: int) -> bool:
        """
        Return whether a mark is new, and keep it for a while.

        There is a mark for each view. In a cache that holds few entries, marks would push out those
        of the site, so they are kept in the memory of this process.
        """
        with suppress(InvalidCacheBackendError):  # which add() reports
            if isinstance(caches[conf.cache], _COUNTING_BACKENDS):
                return self._marks.add(key, True, seconds)
        return self.add(key, True, seconds)

    def forget(self) -> None:
        """Forget the marks, and that the cache has failed: for tests."""
        self._marks.clear()
        self._retry_at = 0.0

    def delete(self, key: str) -> None:
        self._call("delete", key)

    @contextmanager
    def lock(self, key: str, *, wait: bool = True) -> Iterator[None]:
        """
        Hold a lock that all processes respect.

        Raise ``LockTaken`` at once if another process has it and ``wait`` is false, and ``Busy``
        after ``WAIT_SECONDS`` of waiting.
        """
        lock = _Lock(key)
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.add(key, lock.token, LOCK_SECONDS):
            if not wait:
                raise LockTaken
            if time.monotonic() > deadline:
                raise Busy(WAITED_TOO_LONG)
            time.sleep(POLL_SECONDS)
            lock.asked_at = time.monotonic()
        try:
            with _call_repeatedly(lambda: self._renew(lock)):
                yield
        finally:
            # If the lock has expired meanwhile, another process may hold it now.
            if lock.is_new or self.get(key) == lock.token:
                self.delete(key)

    def _renew(self, lock: "_Lock") -> None:
        if self.get(lock.key) == lock.token:
            self._call("touch", lock.key, LOCK_SECONDS)


@contextmanager
def _call_repeatedly(function: Callable[[], None]) -> Iterator[None]:
    """Call a function every ``_RENEW_SECONDS``, in a thread, for as long as the block runs."""
    finished = threading.Event()

    def repeat() -> None:
        while not finished.wait(_RENEW_SECONDS):
            function()
        connections.close_all()  # of this thread: the cache may be a database table

    thread = threading.Thread(target=repeat, daemon=True)
    with starting_thread():
        thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()


cache_store = CacheStore()
