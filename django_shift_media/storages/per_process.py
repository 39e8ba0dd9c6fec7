"""A value for each process, such as a client whose connections must not be shared after a fork."""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

from django_shift_media.storages.fork_safe_lock import ForkSafeLock

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Creates a value when it is first asked for, once in each process."""

    def __init__(self, create: Callable[[], T]) -> None:
        self._create = create
        self._values: dict[int, T] = {}
        self._lock = ForkSafeLock()

    def get(self) -> T:
        pid = os.getpid()
        if pid not in self._values:
            # Without the lock, concurrent first calls would each create a value.
            with self._lock.held():
                if pid not in self._values:
                    self._values[pid] = self._create()
        return self._values[pid]
