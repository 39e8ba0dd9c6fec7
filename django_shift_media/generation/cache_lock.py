"""What the processes of a site share through Django's cache: locks, and short notes."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache import caches
from django.db import connections

from django_shift_media.conf import conf
from django_shift_media.exceptions import Busy

logger = logging.getLogger("django_shift_media")

# Seconds after which a lock expires by itself, so that the death of its holder does not block
# others for long. A living holder renews it every _RENEW_SECONDS.
LOCK_SECONDS = 5
_RENEW_SECONDS = 1
# Seconds after which a request stops waiting for another process.
WAIT_SECONDS = 30
_POLL = 0.05


class CacheStore:
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


cache_store = CacheStore()
