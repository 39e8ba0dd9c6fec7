"""
What a form accepts is reserved for its request until the response.

Without it, two requests that send the same value at the same time would both find it unused.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django_shift_media.generation.cache_lock import cache_key, cache_store
from django_shift_media.naming import keys
from django_shift_media.storages.base import MediaStorage

# Seconds after which the death of a process no longer keeps others from saving its upload.
_SECONDS = 60


class Reservations:
    """The uploads that a request has reserved, by their names in the cache."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(8)
        self.names: set[str] = set()

    def add(self, name: str) -> bool:
        if name not in self.names:
            if not cache_store.add(name, self.token, _SECONDS):
                return False
            self.names.add(name)
        return True

    def release(self) -> None:
        for name in self.names:
            # It may have expired, and then be that of another request.
            if cache_store.get(name) == self.token:
                cache_store.delete(name)


_current: "ContextVar[Reservations | None]" = ContextVar("shift_media_reservations", default=None)


def reserve(storage: MediaStorage, key: str) -> bool:
    """Return whether no other request is about to save an upload. Requires ``reserving()``."""
    reservations = _current.get()
    name = cache_key("upload-form", storage, key[: keys.UUID_LENGTH])
    return reservations is None or reservations.add(name)


@contextmanager
def reserving() -> Iterator[Reservations]:
    """Collect what is reserved inside this block; who calls this releases it."""
    reservations = Reservations()
    token = _current.set(reservations)
    try:
        yield reservations
    finally:
        _current.reset(token)
