"""One computation for all threads of a process that ask for the same value."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from django_shift_media.exceptions import Busy

T = TypeVar("T")

logger = logging.getLogger("django_shift_media")

# Seconds after which a request stops waiting for another thread.
WAIT_SECONDS = 30


@dataclass(slots=True)
class _Entry(Generic[T]):
    future: "Future[T] | None"
    users: int = 0


class SingleFlight(Generic[T]):
    """
    Values that are computed once for all threads that use them at the same time.

    A value is released with its last user, so there is nothing to evict.

    An exception refers to the frames it was raised through, and these may hold an image. So no
    frame here keeps a reference to the future that holds the exception: the two would form a
    cycle, which only the garbage collector frees.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry[T]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def use(self, key: str, compute: Callable[[], T]) -> Iterator[T]:
        """
        Yield the value of a key: computed here, or by a thread that came first.

        Threads that wait share an exception, too; the next call computes again. Raise ``Busy``
        after ``WAIT_SECONDS`` of waiting.
        """
        with self._lock:
            entry = self._entries.get(key)
            is_first = entry is None
            if entry is None:
                entry = self._entries[key] = _Entry(Future())
            entry.users += 1
            future = entry.future
            assert future is not None  # while the entry has users
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
            # SystemExit or KeyboardInterrupt ends this thread, not those that wait for it.
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
        logger.warning("Waited %d s for another thread", WAIT_SECONDS)
        raise Busy("Waited too long for another thread.") from error
    finally:
        del future
