"""What is told of each resize that is made, or cannot be: a record in the log, and a signal."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django_shift_media.engines.stopwatch import Stopwatch
from django_shift_media.exceptions import Busy, StorageUnavailable, UnacceptableFile
from django_shift_media.signals import resize_failed, resize_made
from django_shift_media.storages.base import MediaStorage

logger = logging.getLogger("django_shift_media")

# A row that went away is nothing to worry about; a file of a stranger's hardly, and only once.
_LEVELS: tuple[tuple[type[Exception], int], ...] = (
    (FileNotFoundError, logging.INFO),
    (UnacceptableFile, logging.WARNING),
    (Busy, logging.WARNING),
    (MemoryError, logging.ERROR),
    (StorageUnavailable, logging.ERROR),
)


def report_made(storage: MediaStorage, key: str, size: int, stopwatch: Stopwatch) -> None:
    milliseconds = stopwatch.milliseconds
    logger.info(
        "Made %s: %d bytes, %.0f ms",
        key,
        size,
        milliseconds,
        extra={"key": key, "cause": None, "milliseconds": milliseconds, "bytes": size},
    )
    resize_made.send_robust(
        type(storage), key=key, bytes=size, milliseconds=milliseconds, parts=stopwatch.parts
    )


@contextmanager
def reporting_failure(storage: MediaStorage, key: str, stopwatch: Stopwatch) -> Iterator[None]:
    """Report what is raised within, and let it go on."""
    try:
        yield
    except tuple(kind for kind, _ in _LEVELS) as error:
        milliseconds = stopwatch.milliseconds
        cause = type(error).__name__
        logger.log(
            next(level for kind, level in _LEVELS if isinstance(error, kind)),
            "Cannot make %s: %s: %s",
            key,
            cause,
            error,
            exc_info=error.__cause__ if isinstance(error, UnacceptableFile) else None,
            extra={"key": key, "cause": cause, "milliseconds": milliseconds, "bytes": None},
        )
        resize_failed.send_robust(type(storage), key=key, cause=error, milliseconds=milliseconds)
        raise
