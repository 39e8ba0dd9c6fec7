"""System checks of private storages."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.local import LocalMediaStorage


def check_access(storage: MediaStorage) -> Iterator[CheckMessage]:
    if storage.access is None:
        return
    try:
        storage.access.load_permission()
    except ImproperlyConfigured as error:
        yield Error(
            str(error),
            hint='Set "permission" in the OPTIONS of'
            f" STORAGES[{storage.alias!r}] to the dotted path of a function, or remove it.",
            id="shift_media.E024",
        )
    if isinstance(storage, LocalMediaStorage) and _is_in_media_root(storage):
        yield checks.Warning(
            f"The files of a private storage are in {storage.location!r}, which is under"
            f" MEDIA_ROOT, {str(settings.MEDIA_ROOT)!r}: web servers may serve them to everyone.",
            hint='Set "location" to another directory, in the OPTIONS of'
            f" STORAGES[{storage.alias!r}].",
            id="shift_media.W025",
        )


def _is_in_media_root(storage: LocalMediaStorage) -> bool:
    if not settings.MEDIA_ROOT:
        return False
    return Path(storage.location).resolve().is_relative_to(Path(settings.MEDIA_ROOT).resolve())
