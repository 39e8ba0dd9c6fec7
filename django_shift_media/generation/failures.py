"""
Failures that are remembered for a while, in Django's cache.

Without this, every view of a page would fetch and decode the same unusable original again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.generation.cache_lock import cache_key, cache_store
from django_shift_media.storages.base import MediaStorage

_REMEMBER_MISSING = 60  # seconds
_REMEMBER_UNACCEPTABLE = 3600  # seconds
# A missing original has no reason to show; an unacceptable one always has.
_NO_REASON = ""


@contextmanager
def remember_failure(storage: MediaStorage, key: str) -> Iterator[None]:
    """Remember that the original of a resize is missing or unacceptable, and raise it again."""
    try:
        yield
    except FileNotFoundError:
        cache_store.set(cache_key("failed", storage, key), _NO_REASON, _REMEMBER_MISSING)
        raise
    except UnacceptableFile as error:
        cache_store.set(cache_key("failed", storage, key), str(error), _REMEMBER_UNACCEPTABLE)
        raise


def raise_remembered_failure(storage: MediaStorage, key: str) -> None:
    """Raise ``FileNotFoundError`` or ``UnacceptableFile`` if that is known of a resize's key."""
    reason = cache_store.get(cache_key("failed", storage, key))
    if reason == _NO_REASON:
        raise FileNotFoundError(key)
    if reason is not None:
        raise UnacceptableFile(reason)
