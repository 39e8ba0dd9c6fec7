"""The media storage selected by the settings."""

from functools import cache

from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import InvalidStorageError, storages

from django_shift_media.conf import conf
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.fork_safe_lock import ForkSafeLock
from django_shift_media.storages.local import LocalMediaStorage

_creation_lock = ForkSafeLock()


def media_storage() -> MediaStorage:
    """Return the storage for ``SHIFT_MEDIA_STORAGE``; raise ``ImproperlyConfigured``."""
    alias = conf.storage
    if alias is None:
        return _default_storage()
    try:
        # Without the lock, concurrent first calls would each create a storage.
        with _creation_lock.held():
            storage = storages[alias]
    except InvalidStorageError as error:
        raise ImproperlyConfigured(f"SHIFT_MEDIA_STORAGE is {alias!r}: {error}") from error
    except TypeError as error:  # an option that the storage does not know
        raise ImproperlyConfigured(f"The OPTIONS of STORAGES[{alias!r}]: {error}") from error
    if not isinstance(storage, MediaStorage):
        raise ImproperlyConfigured(
            f"SHIFT_MEDIA_STORAGE is {alias!r}, which is a {type(storage).__name__}, not a media"
            " storage. Use django_shift_media.storages.s3.S3MediaStorage, for example."
        )
    return storage


@cache
def _default_storage() -> LocalMediaStorage:
    return LocalMediaStorage()
