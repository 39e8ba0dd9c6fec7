"""How much a process does at the same time: few originals in memory, fewer of them decoded."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache

from django_shift_media.conf import conf
from django_shift_media.exceptions import Busy

# For each image that may be decoded at a time, so many resizes may wait, so many seconds.
_WAITING = 16
WAIT_SECONDS = 15


class Places:
    """
    As many places as images may be decoded at a time, and a short queue for resizes.

    A resize goes through ``queueing()``, ``holding()`` its original in memory, and
    ``decoding()``, each within the one before. An upload, whose bytes are here already, takes a
    place by ``examining()``.
    """

    def __init__(self, number: int) -> None:
        self._queue = threading.BoundedSemaphore(number * (1 + _WAITING))
        # Twice as many: the next originals are fetched while these are decoded.
        self._held = threading.BoundedSemaphore(number * 2)
        self._decoded = threading.BoundedSemaphore(number)

    def queueing(self) -> AbstractContextManager[None]:
        """Stand in the queue; raise ``Busy`` at once if it is full."""
        return _taking(self._queue, 0, "The queue is full.")

    def holding(self) -> AbstractContextManager[None]:
        """Have an original in memory; raise ``Busy`` after ``WAIT_SECONDS``."""
        return _taking(self._held, WAIT_SECONDS, "Waited too long in the queue.")

    def decoding(self) -> AbstractContextManager[None]:
        """Decode an original; raise ``Busy`` after ``WAIT_SECONDS``."""
        return _taking(self._decoded, WAIT_SECONDS, "Waited too long for a place.")

    def examining(self) -> AbstractContextManager[None]:
        """Decode an upload; nobody is sent away who has sent all of a file."""
        return _taking(self._decoded, None, "")


@contextmanager
def _taking(places: threading.Semaphore, seconds: float | None, otherwise: str) -> Iterator[None]:
    if not places.acquire(timeout=seconds):
        raise Busy(otherwise)
    try:
        yield
    finally:
        places.release()


def places() -> Places:
    """Return the places of this process."""
    return _places(conf.concurrency)


@lru_cache
def _places(number: int) -> Places:
    return Places(number)
