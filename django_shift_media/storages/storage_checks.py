"""System checks of the media storage, its options and where it stores files."""

from collections.abc import Hashable, Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, InMemoryStorage
from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.storages import s3_options
from django_shift_media.storages.access_checks import check_exposure, check_permission
from django_shift_media.storages.adapter import AdaptedMediaStorage
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.cloud_checks import check_cloud, check_package
from django_shift_media.storages.contract import missing_methods
from django_shift_media.storages.selection import media_storage

_STORAGE_HINT = (
    'Set STORAGES = {…, "media": {"BACKEND": "django_shift_media.storages.s3.S3MediaStorage",'
    ' "OPTIONS": {"bucket_name": …}}} and SHIFT_MEDIA_STORAGE = "media", or remove'
    " SHIFT_MEDIA_STORAGE to store media on local disk."
)


def check_media_storage(alias: str | None, users: str) -> Iterator[CheckMessage]:
    """
    Check the storage with an alias, or the default media storage.

    ``users`` are the places in the code that name the alias.
    """
    try:
        storage = media_storage(alias)
    except ImproperlyConfigured as error:
        missing_package = check_package(conf.storage if alias is None else alias)
        yield missing_package or Error(str(error), hint=_hint(alias, users), id="shift_media.E004")
        return
    if missing := list(_check_methods(storage)):
        yield from missing
        return
    yield from _check_location(storage)
    if alias is None:
        yield from _check_fallback_to_disk()
    yield from _check_inherited_options(storage)
    yield from check_cloud(storage)
    yield from check_permission(storage)


def check_places(aliases: Iterable[str | None]) -> Iterator[CheckMessage]:
    """Find storages that have the same files, so that one serves those of the other."""
    names: dict[Hashable, list[str]] = {}
    storages = []
    for alias in aliases:
        with suppress(ImproperlyConfigured, NotImplementedError):  # reported as E004 and E027
            name = repr(alias) if alias else "the default media storage"
            storages.append(media_storage(alias))
            names.setdefault(storages[-1].place, []).append(name)
    yield from check_exposure(storages)
    for same in names.values():
        if len(same) > 1:
            yield checks.Warning(
                f"These storages have the same files: {', '.join(same)}.",
                hint='Give each its own "location", or its own bucket, in the OPTIONS of STORAGES.',
                id="shift_media.W020",
            )


def _hint(alias: str | None, users: str) -> str:
    name = conf.storage if alias is None else alias
    backend = _backend_class(name)
    if issubclass(backend, MediaStorage):
        return f"Correct the OPTIONS of STORAGES[{name!r}]."
    if backend is not object:
        setting = "SHIFT_MEDIA_STORAGE" if alias is None else users
        return (
            'Set STORAGES = {…, "media": {"BACKEND":'
            ' "django_shift_media.storages.adapter.AdaptedMediaStorage", "OPTIONS": {"storage":'
            f' {name!r}}}}}}}, and use "media" instead of {name!r} in: {setting}.'
        )
    if alias is None:
        return _STORAGE_HINT
    return f"Add a media storage with this alias to STORAGES, or correct the alias in: {users}."


def _check_methods(storage: MediaStorage) -> Iterator[CheckMessage]:
    adapted = [storage.backend] if isinstance(storage, AdaptedMediaStorage) else []
    for each in (storage, *adapted):
        if missing := missing_methods(each):
            yield Error(
                f"{type(each).__qualname__} does not define: {', '.join(missing)}.",
                hint="Define these methods. The page “Write a media storage” says what they do.",
                id="shift_media.E027",
            )


def _check_location(storage: MediaStorage) -> Iterator[CheckMessage]:
    if hasattr(storage, "bucket_name") and not storage.bucket_name:
        yield Error(
            "The media storage has no bucket name.",
            hint=f'Set "bucket_name" in the OPTIONS of STORAGES[{storage.alias!r}].',
            id="shift_media.E005",
        )
    if storage.alias is None and not settings.MEDIA_ROOT:
        yield Error(
            "Media are stored on local disk, but MEDIA_ROOT is not set.",
            hint="Set MEDIA_ROOT to a directory, or SHIFT_MEDIA_STORAGE to an alias in STORAGES.",
            id="shift_media.E006",
        )


def _check_fallback_to_disk() -> Iterator[CheckMessage]:
    """Warn of media on a disk that the project does not seem to use, as in containers."""
    if settings.is_overridden("SHIFT_MEDIA_STORAGE"):  # type: ignore[misc]  # not in the stubs
        return
    default = _backend_class("default")
    if default is not object and not issubclass(default, (FileSystemStorage, InMemoryStorage)):
        reason = f'STORAGES["default"] is a {default.__name__}'
    elif host := urlsplit(str(settings.MEDIA_URL)).netloc:
        reason = f"MEDIA_URL is on the host {host!r}"
    else:
        return
    yield checks.Warning(
        f"Media are stored on local disk, in {str(settings.MEDIA_ROOT)!r}, but {reason}.",
        hint=f"{_STORAGE_HINT.partition(', or remove')[0]}, or SHIFT_MEDIA_STORAGE = None if local"
        " disk is right.",
        id="shift_media.W012",
    )


def _check_inherited_options(storage: MediaStorage) -> Iterator[CheckMessage]:
    if not hasattr(type(storage), "website_host"):  # which only S3 has
        return
    options: Any = settings.STORAGES[str(storage.alias)].get("OPTIONS", {})
    for name, value, option in s3_options.inherited_options(options):
        yield checks.Warning(
            f"The media storage inherits {name} = {value!r}.",
            hint=f"Set {option}, or the value that is right for media, in the OPTIONS of"
            f" STORAGES[{storage.alias!r}].",
            id="shift_media.W013",
        )
    if found := s3_options.rest_endpoint(storage):
        yield checks.Warning(
            f"The {found[0]} {found[1]!r} is the REST endpoint of S3, which knows no routing rules:"
            " missing resizes are never created.",
            hint=f"Remove {found[0]!r} from the OPTIONS of STORAGES[{storage.alias!r}] to use the"
            " bucket's website endpoint, or set it to the domain of a CDN.",
            id="shift_media.W014",
        )


def _backend_class(alias: str | None) -> Any:
    """Return the class of a storage without creating one; ``object`` if there is none."""
    try:
        return import_string(settings.STORAGES[str(alias)]["BACKEND"])
    except (ImportError, KeyError):
        return object
