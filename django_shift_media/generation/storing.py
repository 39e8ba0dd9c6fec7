"""What is stored of an original for as long as it exists: its resizes."""

from collections.abc import Collection

from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.erasure import erase_upload, tombstone_of


def require_original(storage: MediaStorage, original: str, stored: Collection[str]) -> None:
    """
    Delete resizes that have just been stored if their original is gone.

    Storages delete an original first, and then list and delete its resizes. So a resize that was
    stored too late for the listing finds its original missing. Raise ``FileNotFoundError`` then.
    """
    if storage.exists(original):
        return
    for key in stored:
        storage.delete(key)
    if storage.exists(tombstone_of(original)):
        erase_upload(storage, original)  # In a versioned bucket, a deletion keeps the version.
    raise FileNotFoundError(original)
