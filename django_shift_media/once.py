"""One computation, however many ask for it: threads of a process, processes of a site."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from django.core.cache import caches

from django_shift_media.conf import conf
from django_shift_media.exceptions import Busy

T = TypeVar("T")

logger = logging.getLogger("django_shift_media")

# Seconds for which a lock outlives a holder that died, and for which others wait at most.
LOCK_TIMEOUT = 30
_POLL = 0.05


class Shared(Generic[T]):
    """
    Values by key that are computed once and live as long as somebody uses them.

    A value is kept by the future that ``get()`` returns: nothing is held for nobody, and
    nothing needs to be evicted.
    """

    def __init__(self) -> None:
        self._futures: WeakValueDictionary[str, Future[T]] = WeakValueDictionary()
        self._lock = threading.Lock()

    def get(self, key: str, compute: Callable[[], T]) -> "Future[T]":
        """Return a future for ``compute()``: one that is running or in use, or a new, finished one."""
        with self._lock:
            future = self._futures.get(key)
            if future is not None:
                return future
            future = self._futures[key] = Future()
        try:
            future.set_result(compute())
        except BaseException as error:
            # The next to ask tries again, those who wait by now share the failure.
            with self._lock:
                self._futures.pop(key, None)
            future.set_exception(error)
        return future


def result_of(future: "Future[T]") -> T:
    """Return a shared result, raise a shared failure, or ``Busy`` after too long a wait."""
    try:
        return future.result(timeout=LOCK_TIMEOUT)
    except TimeoutError as error:
        if future.done():
            raise
        raise Busy("Waited too long for another thread.") from error


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
        """Hold a lock among all processes; raise ``Busy`` after ``LOCK_TIMEOUT`` seconds."""
        token = secrets.token_hex(8)
        deadline = time.monotonic() + LOCK_TIMEOUT
        while not self.add(key, token, LOCK_TIMEOUT):
            if time.monotonic() > deadline:
                raise Busy("Waited too long for another process.")
            time.sleep(_POLL)
        try:
            yield
        finally:
            # Not if it ran out meanwhile, and is another's now.
            if self.get(key) == token:
                self.delete(key)


shared_memory = SharedMemory()
