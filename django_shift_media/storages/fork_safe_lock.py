"""A lock that survives a fork."""

import os
import threading
from contextlib import AbstractContextManager


class ForkSafeLock:
    """
    A lock that the threads of one process share; a forked process gets its own.

    After a fork, the thread that held the lock does not exist in the child, and would never
    release it.
    """

    def __init__(self) -> None:
        self._locks: dict[int, threading.Lock] = {}

    def held(self) -> AbstractContextManager[bool]:
        """Return the lock of this process, to be used in a ``with`` statement."""
        # setdefault() is atomic: concurrent first calls get the same lock.
        return self._locks.setdefault(os.getpid(), threading.Lock())
