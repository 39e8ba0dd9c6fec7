"""Limits on what a process does at the same time: originals in memory, images being decoded."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from django_shift_media.conf import conf
from django_shift_media.exceptions import Busy
from django_shift_media.generation.request_threads import request_threads
from django_shift_media.generation.threads import starting_thread
from django_shift_media.signals import pool_changed
from django_shift_media.storages.fork_safe_lock import ForkSafeLock

T = TypeVar("T")

# Resizes that may wait for each image that is decoded at the same time.
QUEUE_LENGTH = 16
# Originals in memory for each image that is decoded: the next are fetched while others are decoded.
ORIGINALS_IN_MEMORY = 2
QUEUE_IS_FULL = "The queue is full."
# Seconds that a resize waits for memory, and then for a decoder.
WAIT_SECONDS = 15

_creation_lock = ForkSafeLock()


@dataclass(frozen=True, slots=True)
class PoolLoad:
    """
    What a process does now: how many images it decodes, and how many resizes and uploads wait.

    ``size`` is the maximum of ``decoding``.
    """

    size: int
    decoding: int
    waiting: int


class Slots:
    """A bounded number of slots; ``taken`` and ``waiting`` count those who have or want one."""

    def __init__(self, size: int) -> None:
        self.taken = 0
        self.waiting = 0
        self._free = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()

    @contextmanager
    def take(self, seconds: float | None, error: str) -> Iterator[None]:
        """Have a slot in the block; raise ``Busy`` if none is free for so many seconds."""
        if not self._free.acquire(blocking=False):
            self._wait(seconds, error)
        try:
            with self._counting(taken=1):
                yield
        finally:
            self._free.release()

    def _wait(self, seconds: float | None, error: str) -> None:
        if seconds == 0:
            raise Busy(error)
        with self._counting(waiting=1):
            if not self._free.acquire(timeout=seconds):
                raise Busy(error)

    @contextmanager
    def _counting(self, taken: int = 0, waiting: int = 0) -> Iterator[None]:
        self._add(taken, waiting)
        try:
            yield
        finally:
            self._add(-taken, -waiting)

    def _add(self, taken: int, waiting: int) -> None:
        with self._lock:
            self.taken += taken
            self.waiting += waiting
        pool_changed.send_robust(WorkerPool)


class WorkerPool:
    """
    ``size`` threads that decode images, and a bounded queue in front of them.

    A resize is admitted first, by ``admit()``, and then decoded, by ``decode()``. An upload, whose
    bytes are in memory already, goes to ``decode_upload()`` at once.

    The threads do nothing else. glibc keeps freed memory for the thread that used it, and a server
    may have a hundred threads that answer requests.
    """

    def __init__(self, size: int) -> None:
        self._admitted = Slots(size * (1 + QUEUE_LENGTH))
        self._in_memory = Slots(size * ORIGINALS_IN_MEMORY)
        self._decoding = Slots(size)
        self._size = size
        self._start_decoders()

    def _start_decoders(self) -> None:
        self._decoders = ThreadPoolExecutor(self._size, "shift-media-decoder")

    @property
    def load(self) -> PoolLoad:
        waiting = self._in_memory.waiting + self._decoding.waiting
        return PoolLoad(self._size, self._decoding.taken, waiting)

    @contextmanager
    def admit(self) -> Iterator[None]:
        """
        Wait until there is room for an original in memory, and reserve it for the block.

        Raise ``Busy`` at once if the queue is full, and after ``WAIT_SECONDS`` in the queue.
        """
        with (
            self._admitted.take(0, QUEUE_IS_FULL),
            self._in_memory.take(WAIT_SECONDS, "Waited too long in the queue."),
        ):
            yield

    def decode(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a decoder thread; raise ``Busy`` after ``WAIT_SECONDS``."""
        with self._decoding.take(WAIT_SECONDS, "Waited too long for a decoder."):
            return self._run(work)

    def decode_upload(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a decoder thread, however long the wait: the upload is here already."""
        with request_threads.place(refuse=False), self._decoding.take(None, ""):
            return self._run(work)

    def _run(self, work: Callable[[], T]) -> T:
        try:
            with starting_thread():
                future = self._decoders.submit(work)
        except MemoryError:
            self._start_decoders()  # the work is still in the queue of the former ones
            raise
        try:
            return future.result(timeout=WAIT_SECONDS)
        except TimeoutError:
            if future.done():  # of the work itself
                raise
            if not future.cancel():  # it is running
                return future.result()
        finally:
            del future  # Its exception would form a cycle with this frame.
        # A decoder is free, or the semaphore would not be acquired. So its thread has ended for
        # lack of memory, and the executor would count on it for ever.
        self._start_decoders()
        raise MemoryError("A decoder thread has ended.")


def worker_pool() -> WorkerPool:
    """Return the pool of this process."""
    # Without the lock, concurrent first calls would each create a pool.
    with _creation_lock.held():
        return _worker_pool(conf.concurrency)


def pool_load() -> PoolLoad:
    """Return the load of this process; ``signals.pool_changed`` is sent when it has changed."""
    return worker_pool().load


@lru_cache
def _worker_pool(size: int) -> WorkerPool:
    return WorkerPool(size)


# Threads do not survive a fork, such as that of a server that loads the application first.
os.register_at_fork(after_in_child=_worker_pool.cache_clear)
