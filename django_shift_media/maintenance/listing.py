"""Going through a storage: many parts of it at the same time, in constant memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from django_shift_media.storages.bulk_storage import BulkStorage, Entry

T = TypeVar("T")
S = TypeVar("S")


class Listing:
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
        waiting = deque(self.storage.list_pages(part) for part in self.storage.parts)
        running: dict[Future[list[Entry] | None], Iterator[list[Entry]]] = {}
        with ThreadPoolExecutor(self.workers) as pool:
            while waiting or running:
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
    with ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(work, item) for item in islice(items, 2 * workers)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
            running |= {pool.submit(work, item) for item in islice(items, len(done))}


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    # itertools has it from Python 3.12 on.
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch
