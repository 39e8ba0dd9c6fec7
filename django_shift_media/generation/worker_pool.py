"""How much a process does at the same time: few originals in memory, fewer of them decoded."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import TypeVar

from django_shift_media.conf import conf
from django_shift_media.exceptions import Busy
from django_shift_media.storages.fork_safe_lock import ForkSafeLock

T = TypeVar("T")

# For each image that may be decoded at a time, so many resizes may wait, so many seconds.
_WAITING = 16
WAIT_SECONDS = 15

_creating = ForkSafeLock()


class WorkerPool:
    """
    As many places as images may be decoded at a time, and a short queue for resizes.

    A resize goes through ``queueing()``, ``holding()`` its original in memory, and ``decode()``,
    each within the one before. An upload, whose bytes are here already, takes a place by
    ``examine()``.

    Images are decoded by threads that do nothing else: glibc keeps freed memory for the thread
    that had it, and there may be a hundred threads that answer requests.
    """

    def __init__(self, number: int) -> None:
        self._queue = threading.BoundedSemaphore(number * (1 + _WAITING))
        # Twice as many: the next originals are fetched while these are decoded.
        self._held = threading.BoundedSemaphore(number * 2)
        self._decoded = threading.BoundedSemaphore(number)
        self._decoders = ThreadPoolExecutor(number, "shift-media-decoder")

    def queueing(self) -> AbstractContextManager[None]:
        """Stand in the queue; raise ``Busy`` at once if it is full."""
        return _taking(self._queue, 0, "The queue is full.")

    def holding(self) -> AbstractContextManager[None]:
        """Have an original in memory; raise ``Busy`` after ``WAIT_SECONDS``."""
        return _taking(self._held, WAIT_SECONDS, "Waited too long in the queue.")

    def decode(self, work: Callable[[], T]) -> T:
        """Do what decodes an original; raise ``Busy`` after ``WAIT_SECONDS``."""
        with _taking(self._decoded, WAIT_SECONDS, "Waited too long for a place."):
            return self._decoders.submit(work).result()

    def examine(self, work: Callable[[], T]) -> T:
        """Do what decodes an upload; nobody is sent away who has sent all of a file."""
        with _taking(self._decoded, None, ""):
            return self._decoders.submit(work).result()


@contextmanager
def _taking(places: threading.Semaphore, seconds: float | None, otherwise: str) -> Iterator[None]:
    if not places.acquire(timeout=seconds):
        raise Busy(otherwise)
    try:
        yield
    finally:
        places.release()


def worker_pool() -> WorkerPool:
    """Return the places of this process."""
    # Else each thread that comes before the first is done gets places of its own.
    with _creating.held():
        return _worker_pool(conf.concurrency)


@lru_cache
def _worker_pool(number: int) -> WorkerPool:
    return WorkerPool(number)


# Threads do not survive a fork, as of a server that loads the application before its workers.
os.register_at_fork(after_in_child=_worker_pool.cache_clear)
