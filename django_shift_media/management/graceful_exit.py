"""Exit from a command in order when a signal ends the process."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django_shift_media.maintenance.listing import TERMINATION_SIGNALS


@contextmanager
def exit_gracefully() -> Iterator[None]:
    """
    Raise ``SystemExit`` on signals that end the process, so that ``finally`` blocks run.

    Further signals are ignored, so that they do not interrupt these blocks.
    """
    # Python allows only the main thread to set signal handlers.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous_handlers = [signal.signal(number, _exit) for number in TERMINATION_SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(TERMINATION_SIGNALS, previous_handlers, strict=True):
            signal.signal(number, handler or signal.SIG_DFL)


def _exit(number: int, frame: FrameType | None) -> None:
    for other in TERMINATION_SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)
