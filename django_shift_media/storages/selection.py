"""The media storages of the settings."""

from collections.abc import Iterable
from functools import cache

from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import InvalidStorageError, storages

from django_shift_media.conf import conf
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.fork_safe_lock import ForkSafeLock
from django_shift_media.storages.local import LocalMediaStorage

_creation_lock = ForkSafeLock()


def media_storage(alias: str | None = None) -> MediaStorage:
    """
    Return the media storage with an alias in ``STORAGES``; raise ``ImproperlyConfigured``.

    Without an alias, return the default media storage, which is that of ``SHIFT_MEDIA_STORAGE``.
    """
    if alias is not None:
        return _get_storage(alias, f"STORAGES[{alias!r}]")
    if (default := conf.storage) is not None:
        return _get_storage(default, f"SHIFT_MEDIA_STORAGE is {default!r}, which")
    return _default_storage()


def media_storages(aliases: Iterable[str | None]) -> list[MediaStorage]:
    """Return the storages with these aliases; one of those that have the same files."""
    return list({storage.place: storage for storage in map(media_storage, aliases)}.values())


def is_same_place(alias: str | None, other: str | None) -> bool:
    """Return whether the storages with two aliases have the same files."""
    return alias == other or media_storage(alias).place == media_storage(other).place


def _get_storage(alias: str, subject: str) -> MediaStorage:
    try:
        # Without the lock, concurrent first calls would each create a storage.
        with _creation_lock.held():
            storage = storages[alias]
    except InvalidStorageError as error:
        if alias in storages.backends:
            raise ImproperlyConfigured(f"STORAGES[{alias!r}] cannot be used: {error}") from error
        known = ", ".join(storages.backends)
        message = f"Unknown storage {alias!r}. STORAGES has: {known}."
        raise ImproperlyConfigured(message) from error
    except TypeError as error:  # an option that the storage does not know
        raise ImproperlyConfigured(f"The OPTIONS of STORAGES[{alias!r}]: {error}") from error
    if not isinstance(storage, MediaStorage):
        raise ImproperlyConfigured(
            f"{subject} is a {type(storage).__name__}, not a media storage. Use"
            " django_shift_media.storages.s3.S3MediaStorage,"
            " django_shift_media.storages.local.LocalMediaStorage or, for any other storage,"
            " django_shift_media.storages.adapter.AdaptedMediaStorage."
        )
    return storage


@cache
def _default_storage() -> LocalMediaStorage:
    return LocalMediaStorage()
