"""A limit on the threads of a WSGI server that generate resizes, or wait for them."""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django_shift_media.conf import conf
from django_shift_media.exceptions import Busy
from django_shift_media.generation.server_threads import server_threads

logger = logging.getLogger("django_shift_media")

# For servers whose number of threads is unknown.
DEFAULT_THREADS = 8
# The share of a server's threads that media leave to everything else: one of so many.
_RESERVED = 4
# Seconds after which a thread that asks the storage counts: until then, it does not wait.
_SLOW_LOOKUP = 1
# Refusals are logged once in so many seconds.
_LOG_SECONDS = 10


class RequestThreads:
    """
    The threads of this process that answer requests for missing resizes.

    They generate one, or wait: for another thread or process that generates it, for memory, for
    a decoder, or for a storage that is slow. There is one count for all of them, so that others
    can answer other requests.
    """

    def __init__(self) -> None:
        self._server: int | None = None
        self._log_at = 0.0  # of time.monotonic()
        self.reset()

    def reset(self) -> None:
        """Forget the threads of a parent process, which a fork does not copy."""
        self._taken = 0
        self._lookups: dict[object, float] = {}  # when each thread began to ask the storage
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        """The maximum number of threads; 0 if the process has one thread only."""
        if conf.threads is not None:
            return conf.threads
        if self._server is None:
            self._server = server_threads()
        if self._server is None:
            return DEFAULT_THREADS
        return self._server - max(1, self._server // _RESERVED)

    @property
    def may_wait(self) -> bool:
        """Whether a request may wait for another process: not with the only thread of its own."""
        return self.limit > 0

    @contextmanager
    def place(self, *, refuse: bool = True) -> Iterator[None]:
        """Count this thread in the block; raise ``Busy`` at once if the limit is reached."""
        with self._entering():
            if refuse:
                self._refuse_if_full(self._slow_lookups())
            self._taken += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1

    @contextmanager
    def lookup(self) -> Iterator[None]:
        """
        Count this thread once it has been in the block for ``_SLOW_LOOKUP`` seconds.

        Raise ``Busy`` at once if the limit is reached, and the storage is slow.
        """
        lookup = object()
        with self._entering():
            if slow := self._slow_lookups():
                self._refuse_if_full(slow)
            self._lookups[lookup] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                del self._lookups[lookup]

    @contextmanager
    def _entering(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except Busy:
            self._log_refusal()
            raise

    def _slow_lookups(self) -> int:
        slow = time.monotonic() - _SLOW_LOOKUP
        return sum(began < slow for began in self._lookups.values())

    def _refuse_if_full(self, slow_lookups: int) -> None:
        if self._taken + slow_lookups >= max(1, self.limit):
            raise Busy("Too many threads wait for media.")

    def _log_refusal(self) -> None:
        now = time.monotonic()
        if now >= self._log_at:
            self._log_at = now + _LOG_SECONDS
            logger.warning(
                "Refused requests for media: %d threads of this process generate resizes or wait"
                " for them (SHIFT_MEDIA_THREADS)",
                max(1, self.limit),
            )


request_threads = RequestThreads()
os.register_at_fork(after_in_child=request_threads.reset)
