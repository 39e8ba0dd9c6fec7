"""A lock that can be used after a fork."""

import os
import threading
from contextlib import AbstractContextManager


class ForkSafeLock:
    """
    A lock between the threads of a process.

    Each process has its own lock: after a fork, the thread that holds a lock does not exist in
    the child, and would never release it.
    """

    def __init__(self) -> None:
        self._locks: dict[int, threading.Lock] = {}

    def held(self) -> AbstractContextManager[bool]:
        # setdefault() is atomic, so all threads of a process get the same lock.
        return self._locks.setdefault(os.getpid(), threading.Lock())
