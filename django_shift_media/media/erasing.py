"""Erase the file of a row after a commit, and log what remains of it."""

import logging

from django.db import transaction

from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.erasure import erase_upload

logger = logging.getLogger("django_shift_media")


def erase_on_commit(storage: MediaStorage, name: str, using: str) -> None:
    """Erase an upload once the transaction is committed; an exception is logged."""

    # Not functools.partial: Django 5.2 logs a failure with the __qualname__ of the callable.
    def erase() -> None:
        for problem in _erase(storage, name):
            logger.error("%r is not erased completely: %s", name, problem)

    transaction.on_commit(erase, using=using, robust=True)


def _erase(storage: MediaStorage, name: str) -> list[str]:
    """Erase an upload in the storage and, without waiting, in its CDN; return the problems."""
    erasure = erase_upload(storage, name)
    invalidations = storage.invalidate_cdn([name])
    return [
        *(f"{item.kind} {item.key!r}: {why}" for item, why in erasure.remaining.items()),
        *(f"{what} failed: {why}" for what, why in erasure.refused.items()),
        *(f"{each.cdn}: {each.error}" for each in invalidations if each.error),
    ]
