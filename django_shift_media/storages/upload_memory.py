"""A bound on the bytes of uploads that all threads of a process hold while they store them."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, Any, cast

from django.core.files.base import File

from django_shift_media.conf import conf
from django_shift_media.storages.fork_safe_lock import ForkSafeLock

_creation_lock = ForkSafeLock()


class ByteBudget:
    """So many bytes, of which each upload takes its share for a while."""

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._waiting: list[object] = []
        self._changed = threading.Condition()

    def take(self, size: int) -> bool:
        """Take bytes if that is possible at once, and nobody waits for some; return whether."""
        with self._changed:
            if self._waiting or size > self._free:
                return False
            self._free -= size
            return True

    def give_back(self, size: int) -> None:
        with self._changed:
            self._free += size
            self._changed.notify_all()

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Wait for bytes, in the order of the calls. More than there are means all of them."""
        size, turn = min(size, self._size), object()
        with self._changed:
            self._waiting.append(turn)
            try:
                self._changed.wait_for(lambda: self._waiting[0] is turn and size <= self._free)
                self._free -= size
            finally:
                self._waiting.remove(turn)
                self._changed.notify_all()
        try:
            yield
        finally:
            self.give_back(size)


class FileBody:
    """
    A binary file as the body of a request, which is read while it is sent.

    Files of Django without a name are false, and botocore takes what is false for no body.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


@contextmanager
def request_body(file: "File[Any]") -> Iterator[Any]:
    """
    Yield the content of a file: its bytes while the budget has room for them, or a ``FileBody``.

    Bytes are sent sooner: for a file, botocore first asks whether the server wants it at all.
    """
    file.seek(0)
    is_text = isinstance(file.read(0), str)
    size, budget = file.size, upload_memory()
    if not (is_text or budget.take(size)):
        yield FileBody(cast(IO[bytes], file))
        return
    try:
        yield file.read()
    finally:
        if not is_text:
            budget.give_back(size)


def upload_memory() -> ByteBudget:
    """Return the budget of this process."""
    # Without the lock, concurrent first calls would each create a budget.
    with _creation_lock.held():
        return _upload_memory(conf.upload_memory)


@lru_cache
def _upload_memory(size: int) -> ByteBudget:
    return ByteBudget(size)


# Threads do not survive a fork, and what they have taken would never be given back.
os.register_at_fork(after_in_child=_upload_memory.cache_clear)
