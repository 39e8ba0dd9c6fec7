"""Limits on what a process does at the same time: originals in memory, images being decoded."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

from django_shift_media.conf import conf
from django_shift_media.exceptions import Busy
from django_shift_media.generation.request_threads import request_threads
from django_shift_media.generation.threads import starting_thread
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


class WorkerPool:
    """
    ``size`` threads that decode images, and a bounded queue in front of them.

    A resize is admitted first, by ``admit()``, and then decoded, by ``decode()``. An upload, whose
    bytes are in memory already, goes to ``decode_upload()`` at once.

    The threads do nothing else. glibc keeps freed memory for the thread that used it, and a server
    may have a hundred threads that answer requests.
    """

    def __init__(self, size: int) -> None:
        self._admitted = threading.BoundedSemaphore(size * (1 + QUEUE_LENGTH))
        self._in_memory = threading.BoundedSemaphore(size * ORIGINALS_IN_MEMORY)
        self._decoding = threading.BoundedSemaphore(size)
        self._size = size
        self._start_decoders()

    def _start_decoders(self) -> None:
        self._decoders = ThreadPoolExecutor(self._size, "shift-media-decoder")

    @contextmanager
    def admit(self) -> Iterator[None]:
        """
        Wait until there is room for an original in memory, and reserve it for the block.

        Raise ``Busy`` at once if the queue is full, and after ``WAIT_SECONDS`` in the queue.
        """
        with (
            _acquire(self._admitted, 0, QUEUE_IS_FULL),
            _acquire(self._in_memory, WAIT_SECONDS, "Waited too long in the queue."),
        ):
            yield

    def decode(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a decoder thread; raise ``Busy`` after ``WAIT_SECONDS``."""
        with _acquire(self._decoding, WAIT_SECONDS, "Waited too long for a decoder."):
            return self._run(work)

    def decode_upload(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a decoder thread, however long the wait: the upload is here already."""
        with request_threads.place(refuse=False), _acquire(self._decoding, None, ""):
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


@contextmanager
def _acquire(semaphore: threading.Semaphore, seconds: float | None, error: str) -> Iterator[None]:
    if not semaphore.acquire(timeout=seconds):
        raise Busy(error)
    try:
        yield
    finally:
        semaphore.release()


def worker_pool() -> WorkerPool:
    """Return the pool of this process."""
    # Without the lock, concurrent first calls would each create a pool.
    with _creation_lock.held():
        return _worker_pool(conf.concurrency)


@lru_cache
def _worker_pool(size: int) -> WorkerPool:
    return WorkerPool(size)


# Threads do not survive a fork, such as that of a server that loads the application first.
os.register_at_fork(after_in_child=_worker_pool.cache_clear)
