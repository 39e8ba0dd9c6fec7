"""A log record and a signal for each resize that is generated, or cannot be."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from django.core.exceptions import ImproperlyConfigured
from django.dispatch import Signal

from django_shift_media.conf import conf
from django_shift_media.engines.stopwatch import Stopwatch
from django_shift_media.exceptions import (
    Busy,
    NotReady,
    StepFailed,
    StorageUnavailable,
    UnacceptableFile,
)
from django_shift_media.naming import keys
from django_shift_media.naming.formats import extension_of
from django_shift_media.signals import resize_failed, resize_made
from django_shift_media.storages.base import MediaStorage

logger = logging.getLogger("django_shift_media")

# An original that was deleted is normal. An unacceptable one is reported once, as the failure is
# remembered. The last three need an operator.
_LEVELS: tuple[tuple[type[Exception], int], ...] = (
    (FileNotFoundError, logging.INFO),
    (UnacceptableFile, logging.WARNING),
    (Busy, logging.WARNING),
    (MemoryError, logging.ERROR),
    (StorageUnavailable, logging.ERROR),
    (ImproperlyConfigured, logging.ERROR),
)


def report_success(storage: MediaStorage, key: str, size: int, stopwatch: Stopwatch) -> None:
    """Log that a resize of ``size`` bytes was stored, and send ``resize_made``."""
    milliseconds = stopwatch.milliseconds
    logger.info(
        "Made %s: %d bytes, %.0f ms",
        key,
        size,
        milliseconds,
        extra=_attributes(storage, key, None, milliseconds, size),
    )
    parts, laps = stopwatch.parts, stopwatch.laps
    _send(resize_made, storage, key, milliseconds, bytes=size, parts=parts, laps=laps)


@contextmanager
def report_failure(storage: MediaStorage, key: str, stopwatch: Stopwatch) -> Iterator[None]:
    """Log what is raised in the block, send ``resize_failed``, and raise it again."""
    try:
        yield
    except NotReady:  # A worker makes the poster first: nothing has failed.
        raise
    except tuple(kind for kind, _ in _LEVELS) as error:
        milliseconds = stopwatch.milliseconds
        cause = type(error).__name__
        logger.log(
            next(level for kind, level in _LEVELS if isinstance(error, kind)),
            "Cannot make %s: %s: %s",
            key,
            cause,
            error,
            exc_info=error.__cause__ if isinstance(error, (UnacceptableFile, StepFailed)) else None,
            extra=_attributes(storage, key, cause, milliseconds, None),
        )
        _send(resize_failed, storage, key, milliseconds, cause=error)
        raise


@contextmanager
def entering(
    context: AbstractContextManager[None], storage: MediaStorage, key: str
) -> Iterator[None]:
    """
    Enter a context, and send ``resize_failed`` if it refuses a request by ``Busy``.

    Only the signal: such refusals come in crowds, and whoever refuses logs some of them.
    """
    stopwatch = Stopwatch()
    with ExitStack() as stack:
        try:
            stack.enter_context(context)
        except Busy as error:
            _send(resize_failed, storage, key, stopwatch.milliseconds, cause=error)
            raise
        yield


def _send(
    signal: Signal, storage: MediaStorage, key: str, milliseconds: float, **others: object
) -> None:
    signal.send_robust(
        type(storage),
        key=key,
        storage=storage.alias,
        format=_format_of(key),
        engine=conf.engine,
        milliseconds=milliseconds,
        **others,
    )


def _format_of(key: str) -> str | None:
    """Return the format of a resize; None for the key of an original."""
    return None if keys.is_original(key) else extension_of(key)


def _attributes(
    storage: MediaStorage, key: str, cause: str | None, milliseconds: float, size: int | None
) -> dict[str, object]:
    """Return the attributes of a log record."""
    return {
        "key": key,
        "storage": storage.alias,
        "cause": cause,
        "milliseconds": milliseconds,
        "bytes": size,
    }
