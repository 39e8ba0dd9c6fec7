"""A lock that survives a fork."""

import os
import threading
from contextlib import AbstractContextManager


class ForkSafeLock:
    """
    A lock among the threads of a process.

    A process that is forked has another: the thread that holds this one does not exist there,
    and would never let go.
    """

    def __init__(self) -> None:
        self._locks: dict[int, threading.Lock] = {}

    def held(self) -> AbstractContextManager[bool]:
        # Threads that meet here all leave with the same one: setdefault() is atomic.
        return self._locks.setdefault(os.getpid(), threading.Lock())
