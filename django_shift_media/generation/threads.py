"""Start threads, which takes memory."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def starting_thread() -> Iterator[None]:
    """Raise ``MemoryError`` if there is no memory for the stack of a thread that is started."""
    try:
        yield
    except RuntimeError as error:
        if "can't start new thread" not in str(error):
            raise
        raise MemoryError(str(error)) from error
