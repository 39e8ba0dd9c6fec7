"""List a storage in parallel and in constant memory, and process items in threads."""

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from django_shift_media.storages.bulk_storage import BulkStorage, ObjectSummary

T = TypeVar("T")
S = TypeVar("S")

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows does not have SIGHUP
# The signals that end the process, and so interrupt a command.
TERMINATION_SIGNALS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))


class Listing:
    """
    An iterator over all objects of a storage with keys of this package, page by page.

    ``workers`` prefixes are listed at the same time. ``fraction`` is the finished part, from 0 to
    1.
    """

    def __init__(self, storage: BulkStorage, workers: int) -> None:
        self.storage = storage
        self.workers = workers
        self._finished = 0

    @property
    def fraction(self) -> float:
        return self._finished / len(self.storage.listing_prefixes)

    def __iter__(self) -> Iterator[list[ObjectSummary]]:
        waiting = deque(map(self.storage.list_pages, self.storage.listing_prefixes))
        running: dict[Future[list[ObjectSummary] | None], Iterator[list[ObjectSummary]]] = {}
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


def in_threads(function: Callable[[T], S], items: Iterable[T], workers: int) -> Iterator[S]:
    """
    Yield ``function(item)`` for all items, in the order in which they finish.

    ``items`` is iterated in the calling thread, up to two items per worker ahead.
    """
    items = iter(items)
    running: set[Future[S]] = set()
    with ThreadPoolExecutor(workers) as pool:
        while (batch := list(islice(items, 2 * workers - len(running)))) or running:
            with _deferred_signals():
                running |= {pool.submit(function, item) for item in batch}
                done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()


@contextmanager
def _deferred_signals() -> Iterator[None]:
    """
    Handle signals that end the process after the block, not within it.

    Their handlers raise an exception. Within ``submit()`` or ``wait()``, it would leave a lock
    held, for which the threads of the pool would wait forever.
    """
    # Python runs signal handlers in the main thread, and allows only that thread to set them.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    handlers = [
        (number, signal.signal(number, lambda number, _: received.append(number)))
        for number in TERMINATION_SIGNALS
    ]
    try:
        yield
    finally:
        for number, handler in handlers:
            signal.signal(number, handler or signal.SIG_DFL)
        for number in received:
            signal.raise_signal(number)


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    # itertools.batched() is new in Python 3.12.
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch
