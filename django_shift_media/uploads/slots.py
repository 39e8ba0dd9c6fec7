"""
The limit on uploads in flight for each user.

Each upload holds one of the user's slots, in Django's cache, under the key of its file: a request
for an upload that is over affects no other that has its slot now.
"""

from hashlib import sha256

from django_shift_media.conf import conf
from django_shift_media.exceptions import Busy
from django_shift_media.generation.cache_lock import cache_store

# Seconds for which an upload counts after its last request.
_SECONDS = 3600


def take_slot(owner: str, key: str) -> int:
    """Count one more upload of an owner; raise ``Busy`` if there are too many."""
    for slot in range(conf.upload_limit):
        if cache_store.add(_name(owner, slot), key, _SECONDS):
            return slot
    raise Busy(f"{owner} has {conf.upload_limit} uploads in flight.")


def renew_slot(owner: str, slot: int, key: str) -> None:
    if _is_held(owner, slot, key):
        cache_store.set(_name(owner, slot), key, _SECONDS)


def release_slot(owner: str, slot: int, key: str) -> None:
    if _is_held(owner, slot, key):
        cache_store.delete(_name(owner, slot))


def _is_held(owner: str, slot: int, key: str) -> bool:
    return bool(cache_store.get(_name(owner, slot)) == key)


def _name(owner: str, slot: int) -> str:
    digest = sha256(owner.encode()).hexdigest()[:32]
    return f"django_shift_media:upload:{digest}:{slot}"
