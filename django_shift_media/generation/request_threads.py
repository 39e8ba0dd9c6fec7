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
# Refusals are logged once in so many seconds.
_LOG_SECONDS = 10


class RequestThreads:
    """
    The threads of this process that answer requests for missing resizes.

    They generate one, or wait: for another thread or process that generates it, for memory, or
    for a decoder. There is one count for all of them, so that others can answer other requests.
    """

    def __init__(self) -> None:
        self._server: int | None = None
        self._log_at = 0.0  # of time.monotonic()
        self.reset()

    def reset(self) -> None:
        """Forget the threads of a parent process, which a fork does not copy."""
        self._taken = 0
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
        limit = max(1, self.limit)
        with self._lock:
            is_full = refuse and self._taken >= limit
            self._taken += not is_full
        if is_full:
            self._log(limit)
            raise Busy("Too many threads wait for media.")
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1

    def _log(self, limit: int) -> None:
        now = time.monotonic()
        if now >= self._log_at:
            self._log_at = now + _LOG_SECONDS
            logger.warning(
                "Refused requests for media: %d threads of this process generate resizes or wait"
                " for them (SHIFT_MEDIA_THREADS)",
                limit,
            )


request_threads = RequestThreads()
os.register_at_fork(after_in_child=request_threads.reset)
