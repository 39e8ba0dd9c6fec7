"""List a storage in parallel and in constant memory, and process items in threads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from django_shift_media.maintenance.exit_signals import defer_exit_signals
from django_shift_media.storages.bulk_storage import BulkStorage, ObjectSummary

T = TypeVar("T")
S = TypeVar("S")


class Listing:
    """
    An iterator over all objects of a storage with keys of this package, page by page.

    With ``everything``, objects that are not of this package are listed, too. ``workers`` parts are
    listed at the same time. ``fraction`` is the finished part, from 0 to 1.
    """

    def __init__(self, storage: BulkStorage, workers: int, *, everything: bool = False) -> None:
        self.storage = storage
        self.workers = workers
        self.everything = everything
        self.fraction = 0.0

    def __iter__(self) -> Iterator[list[ObjectSummary]]:
        with ThreadPoolExecutor(1) as pool, defer_exit_signals():
            page = pool.submit(self._only_page).result()
        if page is None:
            yield from self._pages()
        else:
            self.fraction = 1
            yield page

    def _parts(self) -> list[Iterator[list[ObjectSummary]]]:
        if self.everything:
            return list(self.storage.list_parts())
        return [self.storage.list_pages(prefix) for prefix in self.storage.listing_prefixes]

    def _only_page(self) -> list[ObjectSummary] | None:
        """Return all objects in one request, instead of one per part; None if there are more."""
        if len(self._parts()) == 1:
            return None
        pages = list(islice(self.storage.list_pages(""), 2))
        if len(pages) > 1:
            return None
        found = [summary for page in pages for summary in page]
        prefixes = tuple(self.storage.listing_prefixes)
        return [each for each in found if self.everything or each.key.startswith(prefixes)]

    def _pages(self) -> Iterator[list[ObjectSummary]]:
        waiting = deque(parts := self._parts())
        running: dict[Future[list[ObjectSummary] | None], Iterator[list[ObjectSummary]]] = {}
        with ThreadPoolExecutor(self.workers) as pool:
            while waiting or running:
                with defer_exit_signals():
                    while waiting and len(running) < self.workers:
                        pages = waiting.popleft()
                        running[pool.submit(next, pages, None)] = pages
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    pages = running.pop(future)
                    if (page := future.result()) is None:
                        self.fraction = 1 - (len(waiting) + len(running)) / len(parts)
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
            with defer_exit_signals():
                running |= {pool.submit(function, item) for item in batch}
                done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    # itertools.batched() is new in Python 3.12.
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch
