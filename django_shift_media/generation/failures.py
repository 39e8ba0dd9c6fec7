"""
Failures that are remembered for a while, in Django's cache.

Without this, every view of a page would fetch and decode the same unusable original again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django_shift_media.engines.memory import memory_limit
from django_shift_media.exceptions import StepFailed, UnacceptableFile
from django_shift_media.generation.cache_lock import cache_key, cache_store
from django_shift_media.storages.base import MediaStorage

_REMEMBER_MISSING = 60  # seconds
_REMEMBER_UNACCEPTABLE = 3600  # seconds
# Less than the others: whoever corrects the step waits for this to end.
_REMEMBER_STEP = 60  # seconds
# For the same time: other work may have taken the memory.
_REMEMBER_SHORTAGE = 60  # seconds
# A missing original has no reason to show; an unacceptable one always has.
_NO_REASON = ""


@contextmanager
def remember_failure(storage: MediaStorage, key: str) -> Iterator[None]:
    """
    Remember why a resize cannot be generated, and raise it again.

    The original is missing or unacceptable, a step failed, or memory is short. Of a shortage, the
    limit of this process is remembered: one that can have more memory tries again.
    """
    try:
        yield
    except FileNotFoundError:
        cache_store.set(cache_key("failed", storage, key), _NO_REASON, _REMEMBER_MISSING)
        raise
    except UnacceptableFile as error:
        cache_store.set(cache_key("failed", storage, key), str(error), _REMEMBER_UNACCEPTABLE)
        raise
    except StepFailed as error:
        cache_store.set(cache_key("failed", storage, key), [str(error)], _REMEMBER_STEP)
        raise
    except MemoryError:
        cache_store.set(cache_key("failed", storage, key), memory_limit(), _REMEMBER_SHORTAGE)
        raise


def raise_remembered_failure(storage: MediaStorage, key: str) -> None:
    """
    Raise what is known of a resize's key.

    ``FileNotFoundError``, ``UnacceptableFile``, ``StepFailed`` or ``MemoryError``.
    """
    raise_failure(key, cache_store.get(cache_key("failed", storage, key)))


def raise_failure(key: str, failure: object) -> None:
    """Raise what the cache has of a resize's key, as ``raise_remembered_failure()`` does."""
    if failure is None:
        return
    if isinstance(failure, int):
        if memory_limit() <= failure:
            raise MemoryError("There was not enough memory a moment ago.")
        return
    if isinstance(failure, list):
        raise StepFailed(*failure)
    if failure == _NO_REASON:
        raise FileNotFoundError(key)
    raise UnacceptableFile(str(failure))
