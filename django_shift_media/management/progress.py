"""A progress bar on a terminal; otherwise, a line every ten seconds."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TextIO, TypeGuard

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


class _AboveBar(logging.Handler):
    """A handler that clears the bars while another handler writes to the same terminal."""

    def __init__(self, handler: "logging.StreamHandler[TextIO]") -> None:
        super().__init__(handler.level)
        self.handler = handler

    def handle(self, record: logging.LogRecord) -> bool:
        with tqdm.external_write_mode(file=self.handler.stream):
            return bool(self.handler.handle(record))


@contextmanager
def _log_lines_above_bars() -> Iterator[None]:
    """Let log records have lines of their own, in all loggers."""
    _replace_handlers(lambda each: _AboveBar(each) if _writes(each) else each)
    try:
        yield
    finally:
        _replace_handlers(lambda each: each.handler if isinstance(each, _AboveBar) else each)


def _replace_handlers(replacement: Callable[[logging.Handler], logging.Handler]) -> None:
    for logger in (logging.root, *logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):  # not the place of one without records yet
            logger.handlers = list(map(replacement, logger.handlers))
    if logging.lastResort:  # writes warnings of loggers without a handler
        logging.lastResort = replacement(logging.lastResort)


def _writes(handler: logging.Handler) -> TypeGuard["logging.StreamHandler[TextIO]"]:
    return isinstance(handler, logging.StreamHandler)


class Progress:
    """
    Displays the number of finished items, the rate and the remaining time.

    It is a context manager. On a terminal, what is logged meanwhile appears above the bar.
    """

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
        self._logging = ExitStack()
        if self._is_terminal:
            self._logging.enter_context(_log_lines_above_bars())

    def __exit__(self, error: type[BaseException] | None, *args: object) -> None:
        self._logging.close()
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
