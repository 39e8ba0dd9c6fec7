"""
Wait for resizes in the event loop of an ASGI server, where waiting takes no thread.

A request first runs in a thread, up to ``ResizeMissing``. Then ``wait_for()`` waits in the loop,
and the request runs in a thread again, with the result.
"""

import asyncio
import os
import time
from asyncio import AbstractEventLoop, Task
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache, partial
from typing import TypeVar

from django.db import close_old_connections

from django_shift_media.conf import conf
from django_shift_media.exceptions import Busy
from django_shift_media.generation.cache_lock import (
    POLL_SECONDS,
    WAIT_SECONDS,
    WAITED_TOO_LONG,
    LockTaken,
)
from django_shift_media.generation.generate import Generation, StoredResize
from django_shift_media.generation.threads import starting_thread
from django_shift_media.generation.worker_pool import (
    ORIGINALS_IN_MEMORY,
    QUEUE_IS_FULL,
    QUEUE_LENGTH,
)

T = TypeVar("T")

# One for all requests of an event loop for the same resize.
_tasks: dict[tuple[AbstractEventLoop, str], Task[StoredResize]] = {}


async def wait_for(generation: Generation) -> Callable[[], StoredResize]:
    """
    Generate a resize once for all requests that wait for it; return a function for the result.

    It raises the exception if there was one, and ``Busy`` if too many resizes wait or this one took
    too long. The generation continues if the client of a request disconnects.
    """
    task = _task_for(generation)
    if task is None:
        return partial(_refuse, generation, QUEUE_IS_FULL)
    done, _ = await asyncio.wait([task], timeout=WAIT_SECONDS)
    return task.result if done else partial(_refuse, generation, "Waited too long.")


def _refuse(generation: Generation, reason: str) -> StoredResize:
    with generation.reporting():
        raise Busy(reason)


def _task_for(generation: Generation) -> Task[StoredResize] | None:
    """Return the task that generates a resize; None if the queue is full."""
    slot = (asyncio.get_running_loop(), generation.storage.scoped(generation.key))
    if slot not in _tasks:
        if len(_tasks) >= conf.concurrency * (1 + QUEUE_LENGTH):
            return None
        _tasks[slot] = slot[0].create_task(_generate(generation))
        _tasks[slot].add_done_callback(partial(_forget, slot))
    return _tasks[slot]


def _forget(slot: tuple[AbstractEventLoop, str], task: Task[StoredResize]) -> None:
    del _tasks[slot]
    if not task.cancelled():
        task.exception()  # Otherwise asyncio logs it if all clients have disconnected.


async def _generate(generation: Generation) -> StoredResize:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return await _in_thread(partial(generation.run_in_turn, wait=False))
        except LockTaken:
            if time.monotonic() > deadline:
                raise Busy(WAITED_TOO_LONG) from None
        await asyncio.sleep(POLL_SECONDS)


async def _in_thread(function: Callable[[], T]) -> T:
    def run() -> T:
        try:
            return function()
        finally:
            close_old_connections()  # of this thread: the cache may be a database table

    threads = _threads(conf.concurrency * ORIGINALS_IN_MEMORY)
    with starting_thread():
        future = asyncio.wrap_future(threads.submit(copy_context().run, run))
    try:
        return await future
    finally:
        del future  # Its exception would form a cycle with this frame, as in SingleFlight.


@lru_cache
def _threads(size: int) -> ThreadPoolExecutor:
    """Return the threads that generate resizes: no more than have a place in memory."""
    return ThreadPoolExecutor(size, "shift-media-resize")


# Threads do not survive a fork.
os.register_at_fork(after_in_child=_threads.cache_clear)
