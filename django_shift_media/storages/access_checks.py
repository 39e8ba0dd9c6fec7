"""System checks of private storages."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.local import LocalMediaStorage

_HINT = 'Set "location" to another directory, in the OPTIONS of'


def check_permission(storage: MediaStorage) -> Iterator[CheckMessage]:
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


def check_exposure(storages: Sequence[MediaStorage]) -> Iterator[CheckMessage]:
    """Find the private storages whose files are served to everyone, around the permission."""
    public = [storage for storage in storages if storage.access is None]
    folders = _served_folders(public)
    for storage in storages:
        if storage.access is None:
            continue
        if storage.place in {each.place for each in public}:
            yield _shared_place(storage)
        elif isinstance(storage, LocalMediaStorage):
            within = (folder for folder in folders if storage.place.is_relative_to(folder))
            yield from (_served(storage, folder, folders[folder]) for folder in within)


def _served_folders(public: Sequence[MediaStorage]) -> dict[Path, str]:
    """Return the folders that web servers serve, and what each is."""
    disks = [each for each in public if isinstance(each, LocalMediaStorage)]
    folders = {each.place: "the location of a public storage" for each in disks}
    if settings.MEDIA_ROOT:
        folders[Path(settings.MEDIA_ROOT).resolve()] = "MEDIA_ROOT"
    return folders


def _shared_place(storage: MediaStorage) -> CheckMessage:
    return Error(
        f"The private storage {storage.alias!r} has the same files as a public storage, whose URLs"
        " serve them to everyone.",
        hint=f"{_HINT} STORAGES[{storage.alias!r}], or use another bucket.",
        id="shift_media.E026",
    )


def _served(storage: LocalMediaStorage, folder: Path, name: str) -> CheckMessage:
    return checks.Warning(
        f"The files of a private storage are in {storage.location!r}, which is under {name},"
        f" {str(folder)!r}: web servers may serve them to everyone.",
        hint=f"{_HINT} STORAGES[{storage.alias!r}].",
        id="shift_media.W025",
    )
