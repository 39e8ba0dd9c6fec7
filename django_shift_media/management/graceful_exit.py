"""What a command does about the signals that end it."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows does not have all of them
_SIGNALS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))


@contextmanager
def exit_gracefully() -> Iterator[None]:
    """
    Have the signals that end a process raise ``SystemExit``, so that clean-ups run.

    The first one counts: an impatient second does not cut the clean-up short.
    """
    # Only the main thread may say what is done about signals.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(number, _end) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler or signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    for other in _SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)
