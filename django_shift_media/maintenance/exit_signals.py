"""Signals that end a process: exit in order, and not in the middle of a critical block."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows does not have SIGHUP
_SIGNALS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
_Handler = Callable[[int, FrameType | None], None]


@contextmanager
def exit_gracefully() -> Iterator[None]:
    """
    Raise ``SystemExit`` on signals that end the process, so that ``finally`` blocks run.

    Further signals are ignored, so that they do not interrupt these blocks.
    """
    with _handlers(_exit):
        yield


@contextmanager
def defer_exit_signals() -> Iterator[None]:
    """
    Handle signals that end the process after the block, not within it.

    Handlers raise. An exception in the middle of ``Executor.submit()`` or ``wait()`` leaves a lock
    behind for which the threads of the executor then wait forever.
    """
    received: list[int] = []
    try:
        with _handlers(lambda number, frame: received.append(number)):
            yield
    finally:
        for number in received:
            signal.raise_signal(number)


@contextmanager
def _handlers(handler: _Handler) -> Iterator[None]:
    # Only the main thread runs handlers, and only it may set them.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous_handlers = [signal.signal(number, handler) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, previous in zip(_SIGNALS, previous_handlers, strict=True):
            signal.signal(number, previous or signal.SIG_DFL)


def _exit(number: int, frame: FrameType | None) -> None:
    for other in _SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)
