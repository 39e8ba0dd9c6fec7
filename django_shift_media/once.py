"""One computation, however many ask for it: threads of a process, processes of a site."""

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.cache import caches
from django.db import connections

from django_shift_media.conf import conf
from django_shift_media.exceptions import Busy

T = TypeVar("T")

logger = logging.getLogger("django_shift_media")

# Seconds. A lock outlives a holder that died by so many at most: then the next one does the
# work. One that lives renews it in time, even on a machine that is short of it.
LOCK_SECONDS = 5
_RENEW_SECONDS = 1
# Seconds after which a request that waits for another is sent away.
WAIT_SECONDS = 30
_POLL = 0.05


@dataclass(slots=True)
class _Entry(Generic[T]):
    future: "Future[T] | None"
    users: int = 0


class Shared(Generic[T]):
    """
    Values by key that are computed once and kept for as long as somebody uses them.

    Nothing is held for nobody, so nothing needs to be evicted.

    A failure knows the frames that it came through, and what they hold can be large: no frame
    here keeps the future that knows the failure, or both would wait for the garbage collector.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry[T]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def use(self, key: str, compute: Callable[[], T]) -> Iterator[T]:
        """
        Give ``compute()``, or what another thread computes or uses under this key by now.

        Those who wait share a failure, too; the next to ask tries again. Raise ``Busy`` after
        ``WAIT_SECONDS``.
        """
        with self._lock:
            entry = self._entries.get(key)
            is_first = entry is None
            if entry is None:
                entry = self._entries[key] = _Entry(Future())
            entry.users += 1
            future = entry.future
            assert future is not None  # as long as there are users
        try:
            if is_first:
                self._compute(key, future, compute)
            yield _result(future)
        finally:
            del future
            with self._lock:
                entry.users -= 1
                if entry.users == 0:
                    self._forget(key, entry)
                    entry.future = None

    def _compute(self, key: str, future: "Future[T]", compute: Callable[[], T]) -> None:
        try:
            future.set_result(compute())
        except BaseException as error:
            with self._lock:
                self._forget(key, self._entries[key])
            # What ends this thread is no reason to end those that wait for it.
            future.set_exception(error if isinstance(error, Exception) else Busy("Interrupted."))
            if not isinstance(error, Exception):
                raise
        finally:
            del future

    def _forget(self, key: str, entry: _Entry[T]) -> None:
        if self._entries.get(key) is entry:
            del self._entries[key]


def _result(future: "Future[T]") -> T:
    try:
        return future.result(timeout=WAIT_SECONDS)
    except TimeoutError as error:
        if future.done():
            raise
        logger.warning("Waited %d s for another thread, too long", WAIT_SECONDS)
        raise Busy("Waited too long for another thread.") from error
    finally:
        del future


class ProcessLock:
    """
    A lock among the threads of a process.

    A process that is forked has another: the thread that holds this one does not exist there,
    and would never let go.
    """

    def __init__(self) -> None:
        self._locks: dict[int, threading.Lock] = {}

    def held(self) -> AbstractContextManager[bool]:
        # Threads that meet here all leave with the same one: setdefault() is atomic.
        return self._locks.setdefault(os.getpid(), threading.Lock())


class SharedMemory:
    """
    A few words that the processes of a site tell each other, in Django's cache.

    A cache that fails is as one that is always empty: work is done twice, nothing breaks.
    """

    def _call(self, method: str, *args: Any) -> Any:
        try:
            return getattr(caches[conf.cache], method)(*args)
        except Exception:  # each backend fails in its own way
            logger.warning("The cache %r fails", conf.cache, exc_info=True)
            return None

    def get(self, key: str) -> Any:
        return self._call("get", key)

    def set(self, key: str, value: Any, seconds: int) -> None:
        self._call("set", key, value, seconds)

    def add(self, key: str, value: Any, seconds: int) -> bool:
        """Say whether the key was free; a cache that fails says yes."""
        return self._call("add", key, value, seconds) is not False

    def delete(self, key: str) -> None:
        self._call("delete", key)

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Hold a lock among all processes; raise ``Busy`` after ``WAIT_SECONDS``."""
        token = secrets.token_hex(8)
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.add(key, token, LOCK_SECONDS):
            if time.monotonic() > deadline:
                raise Busy("Waited too long for another process.")
            time.sleep(_POLL)
        try:
            with _repeating(lambda: self._renew(key, token)):
                yield
        finally:
            # Not if it ran out meanwhile, and is another's now.
            if self.get(key) == token:
                self.delete(key)

    def _renew(self, key: str, token: str) -> None:
        if self.get(key) == token:
            self._call("touch", key, LOCK_SECONDS)


@contextmanager
def _repeating(function: Callable[[], None]) -> Iterator[None]:
    """Call a function every ``_RENEW_SECONDS``, in a thread, for as long as the block runs."""
    is_over = threading.Event()

    def repeat() -> None:
        while not is_over.wait(_RENEW_SECONDS):
            function()
        connections.close_all()  # those of this thread: the cache may be a table

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


shared_memory = SharedMemory()
