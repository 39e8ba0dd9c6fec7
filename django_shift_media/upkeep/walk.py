"""Going through a storage: many parts of it at the same time, in constant memory."""

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from django_shift_media.bulk import BulkStorage, Entry

T = TypeVar("T")
S = TypeVar("S")

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows does not have all of them
_SIGNALS = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


class Walk:
    """
    Gives all that a storage has under keys of the package, page by page.

    ``workers`` parts of it are listed at the same time. ``fraction`` says how much is done.
    """

    def __init__(self, storage: BulkStorage, workers: int) -> None:
        self.storage = storage
        self.workers = workers
        self._finished = 0

    @property
    def fraction(self) -> float:
        return self._finished / len(self.storage.parts)

    def __iter__(self) -> Iterator[list[Entry]]:
        waiting = deque(self.storage.pages(part) for part in self.storage.parts)
        running: dict[Future[list[Entry] | None], Iterator[list[Entry]]] = {}
        with ThreadPoolExecutor(self.workers) as pool:
            while waiting or running:
                with _deferred_signals():
                    while waiting and len(running) < self.workers:
                        pages = waiting.popleft()
                        running[pool.submit(next, pages, None)] = pages
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    pages = running.pop(future)
                    if (page := future.result()) is None:
                        self._finished += 1
                    else:
                        waiting.appendleft(pages)
                        yield page


def in_threads(work: Callable[[T], S], items: Iterable[T], workers: int) -> Iterator[S]:
    """
    Give ``work(item)`` for all items as they finish, a few of them taken ahead.

    ``items`` is gone through by the caller's thread.
    """
    items = iter(items)
    running: set[Future[S]] = set()
    with ThreadPoolExecutor(workers) as pool:
        while (batch := list(islice(items, 2 * workers - len(running)))) or running:
            with _deferred_signals():
                running |= {pool.submit(work, item) for item in batch}
                done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()


@contextmanager
def _deferred_signals() -> Iterator[None]:
    """
    Handle the signals that end a process after the block, not within it.

    Their handlers raise, and an exception in the middle of ``submit()`` or ``wait()`` leaves a
    lock behind that the threads of the pool then wait for, forever.
    """
    # Only the main thread runs handlers, or may change them.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    handlers = [
        (number, signal.signal(number, lambda number, _: received.append(number)))
        for number in _SIGNALS
    ]
    try:
        yield
    finally:
        for number, handler in handlers:
            signal.signal(number, handler or signal.SIG_DFL)
        for number in received:
            signal.raise_signal(number)


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    # itertools has it from Python 3.12 on.
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch
