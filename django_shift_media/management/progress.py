"""A progress bar on a terminal; elsewhere, a line now and then."""

import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import OutputWrapper
from tqdm import tqdm

_SECONDS_BETWEEN_LINES = 10


class _Lines(tqdm):  # type: ignore[type-arg]  # it is generic in the stubs only
    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        self.fp.write(f"{self}\n")


class Progress:
    """How many are done, how fast, and how long it takes until all are."""

    def __init__(self, out: OutputWrapper, unit: str, *, quiet: bool) -> None:
        self._started = time.monotonic()
        self._total: Callable[[int], int | None] = lambda count: None
        options: dict[str, Any] = {"file": out._out, "unit": f" {unit}", "disable": quiet}
        if out.isatty():
            self._bar = tqdm(**options, dynamic_ncols=True, leave=False)
        else:
            self._bar = _Lines(**options, ncols=0, mininterval=_SECONDS_BETWEEN_LINES)

    def __enter__(self) -> None:
        pass

    def __exit__(self, error: type[BaseException] | None, *args: object) -> None:
        if error is None:
            self._bar.total = self._bar.n  # however many were expected
        self._bar.close()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def expect(self, total: Callable[[int], int | None]) -> None:
        """Have the total worked out, again and again, from how many are done."""
        self._total = total

    def advance(self, number: int = 1) -> None:
        self._bar.total = self._total(int(self._bar.n) + number)
        self._bar.update(number)

    def write(self, line: str, out: OutputWrapper) -> None:
        """Write a line above the bar."""
        self._bar.clear()
        out.write(line)
        self._bar.refresh()
