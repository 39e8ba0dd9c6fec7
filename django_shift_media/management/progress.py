"""A progress bar on a terminal; otherwise, a line every ten seconds."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import OutputWrapper
from tqdm import tqdm

from django_shift_media.maintenance.listing import Listing
from django_shift_media.storages.bulk_storage import ObjectSummary

_SECONDS_BETWEEN_LINES = 10


class _ProgressLines(tqdm):  # type: ignore[type-arg]  # it is generic in the stubs only
    _displayed: tuple[float, float | None] | None = None

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        state = (self.n, self.total)
        if self.n and state != self._displayed:
            self._displayed = state
            self.fp.write(f"{self}\n")

    def close(self) -> None:
        # tqdm's own close() would print an empty line after the last one.
        if not self.disable:
            self.display()
            self.disable = True


class Progress:
    """Displays the number of finished items, the rate and the remaining time."""

    def __init__(self, out: OutputWrapper, unit: str, *, quiet: bool) -> None:
        self._started = time.monotonic()
        self._total: Callable[[int], int | None] = lambda count: None
        options: dict[str, Any] = {"file": out._out, "unit": f" {unit}", "disable": quiet}
        self._is_terminal = out.isatty()
        if self._is_terminal:
            self._bar = tqdm(**options, dynamic_ncols=True, leave=False)
        else:
            self._bar = _ProgressLines(**options, ncols=0, mininterval=_SECONDS_BETWEEN_LINES)

    def __enter__(self) -> None:
        pass

    def __exit__(self, error: type[BaseException] | None, *args: object) -> None:
        if error is None:
            self._bar.total = self._bar.n  # the total was an estimate
        self._bar.close()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def set_total(self, total: Callable[[int], int | None]) -> None:
        """Set a function that estimates the total from the number of finished items."""
        self._total = total

    def follow(self, listing: Listing) -> Iterator[list[ObjectSummary]]:
        """Yield the pages of a listing; the total is estimated from the part that is finished."""
        self.set_total(lambda count: int(count / listing.fraction) if listing.fraction else None)
        for page in listing:
            self.advance(len(page))
            yield page

    def advance(self, number: int = 1) -> None:
        self._bar.total = self._total(int(self._bar.n) + number)
        self._bar.update(number)

    def write(self, line: str, out: OutputWrapper) -> None:
        """Print a line above the progress bar."""
        if self._is_terminal:
            self._bar.clear()
        out.write(line)
        if self._is_terminal:
            self._bar.refresh()
