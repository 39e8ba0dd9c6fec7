"""Threads that start together, and forks."""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.waiting import PATIENCE


def at_once(functions: Sequence[Callable[[], Any]]) -> list[Any]:
    """Call each function in a thread of its own, all at once; return what they return or raise."""
    start = threading.Barrier(len(functions))

    def run(function: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return function()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(run, functions))


def in_a_fork(function: Callable[[], bool]) -> bool:
    """Say whether a function is true in a process that is forked now."""
    if not (child := os.fork()):
        signal.alarm(PATIENCE)
        try:
            os._exit(not function())
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
