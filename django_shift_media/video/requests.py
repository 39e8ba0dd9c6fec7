"""Requests for renditions and posters that may be missing, and jobs for them."""

import logging
from collections.abc import Sequence

from django_shift_media.exceptions import NotReady
from django_shift_media.generation import prewarm
from django_shift_media.generation.cache_lock import cache_key, cache_store
from django_shift_media.generation.failures import raise_remembered_failure
from django_shift_media.naming.renditions import main_key, unsign
from django_shift_media.storages.base import MediaStorage
from django_shift_media.video.presets import keys_of

logger = logging.getLogger("django_shift_media")

# Seconds for which a missing rendition that was requested is not enqueued again.
_ENQUEUED_SECONDS = 60


def require_stored(storage: MediaStorage, key: str) -> None:
    """
    Verify the key of a rendition or a poster; raise if it is not stored.

    Before anything is read, raise ``BadSignature``, ``InvalidKey`` or ``InvalidResize`` for a key
    that this site has not signed. Raise ``NotReady`` if a worker can make it, ``UnacceptableFile``
    if it could not, ``FileNotFoundError`` if the original is gone, or ``StorageUnavailable``.
    """
    original, _ = unsign(key)
    if storage.exists(key):
        return
    raise_remembered_failure(storage, main_key(key))
    if not storage.exists(original):
        raise FileNotFoundError(original)
    raise NotReady(main_key(key))


def enqueue_missing(storage: MediaStorage, key: str) -> None:
    """Enqueue a rendition or poster that was requested, unless that was done a moment ago."""
    if cache_store.add(cache_key("enqueued", storage, key), True, _ENQUEUED_SECONDS):
        enqueue(storage.alias, [key])


def enqueue_all(alias: str | None, original: str) -> None:
    """Enqueue all that is made of a new video: the poster by itself, as pages wait for it."""
    poster, *renditions = keys_of(original)
    enqueue(alias, [poster])
    if renditions:
        enqueue(alias, renditions)


def enqueue(alias: str | None, keys: Sequence[str]) -> None:
    """Give keys of one video to the queue; log that it failed, as a view tries again later."""
    try:
        prewarm.enqueue(keys, alias)
    except Exception:  # each queue fails in its own way
        logger.exception("Cannot enqueue %s", ", ".join(keys))
