"""The limit on uploads in flight for each user."""

from hashlib import sha256

from django_shift_media.conf import conf
from django_shift_media.exceptions import Busy
from django_shift_media.generation.cache_lock import cache_store

# Seconds for which an upload counts after its last request.
_SECONDS = 3600


def take_slot(owner: str) -> int:
    """Count one more upload of an owner; raise ``Busy`` if there are too many."""
    for slot in range(conf.upload_limit):
        if cache_store.add(_key(owner, slot), True, _SECONDS):
            return slot
    raise Busy(f"{owner} has {conf.upload_limit} uploads in flight.")


def renew_slot(owner: str, slot: int) -> None:
    cache_store.set(_key(owner, slot), True, _SECONDS)


def release_slot(owner: str, slot: int) -> None:
    cache_store.delete(_key(owner, slot))


def _key(owner: str, slot: int) -> str:
    digest = sha256(owner.encode()).hexdigest()[:32]
    return f"django_shift_media:upload:{digest}:{slot}"
