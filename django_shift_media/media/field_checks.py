"""System checks of a ``MediaField``."""

from collections.abc import Iterator

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from django_shift_media.conf import conf
from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.media.metadata import FileMetadata
from django_shift_media.media.orphan_checks import check_orphans
from django_shift_media.naming import keys, placeholder
from django_shift_media.storages.base import MediaStorage

# Long enough for every key, and short enough for an index in every database.
MAX_LENGTH = 255
_MIDDLEWARE = "django_shift_media.middleware.direct_uploads"


def check_field(field: BaseMediaField) -> Iterator[checks.CheckMessage]:
    yield from _check_other_fields(field)
    yield from _check_max_length(field)
    yield from _check_warm(field)
    yield from _check_placeholder(field)
    yield from check_orphans(field)
    yield from _check_direct(field)
    if field.kind == "video":
        from django_shift_media.video import checks as video_checks

        yield from video_checks.check_field(field)


def _check_other_fields(field: BaseMediaField) -> list[checks.CheckMessage]:
    names = {other.name for other in field.model._meta.get_fields()}
    return [
        checks.Error(
            f"{argument} is {getattr(field, argument)!r}, but the model has no such field.",
            hint=f"Set {argument} to one of: {', '.join(sorted(names))}.",
            obj=field,
            id="shift_media.E101",
        )
        for argument in (f"{name}_field" for name in (*FileMetadata._fields, "alt", "poster"))
        if getattr(field, argument) not in {None, *names}
    ]


def _check_warm(field: BaseMediaField) -> list[checks.CheckMessage]:
    return [
        checks.Error(
            f"warm contains the unknown preset {name!r}.",
            hint=f"Define {name!r} in SHIFT_MEDIA_PRESETS.",
            obj=field,
            id="shift_media.E105",
        )
        for name in field.warm
        if name not in conf.presets
    ]


def _check_max_length(field: BaseMediaField) -> list[checks.CheckMessage]:
    if field.max_length is not None and field.max_length >= keys.SHORTEST_KEY_LENGTH:
        return []
    return [
        checks.Error(
            f"max_length is {field.max_length!r}, which is too short for a key.",
            hint=(
                f"Set max_length to {keys.SHORTEST_KEY_LENGTH} or more, or remove it to use the"
                f" default of {MAX_LENGTH}."
            ),
            obj=field,
            id="shift_media.E102",
        )
    ]


def _check_placeholder(field: BaseMediaField) -> "Iterator[checks.CheckMessage]":
    if not field.placeholder_field:
        return
    columns = {other.name: other for other in field.model._meta.fields}
    length = getattr(columns.get(field.placeholder_field), "max_length", None)
    if length is not None and length < placeholder.MAX_LENGTH:
        yield checks.Error(
            f"{field.placeholder_field!r} has max_length={length}, which is too short for a"
            " placeholder.",
            hint=f"Set max_length={placeholder.MAX_LENGTH}.",
            obj=field,
            id="shift_media.E103",
        )
    if not placeholder.is_installed():
        yield checks.Error(
            f"placeholder_field is {field.placeholder_field!r}, but the package thash is not"
            " installed.",
            hint='Run: pip install "django-shift-media[placeholders]"',
            obj=field,
            id="shift_media.E104",
        )


def _check_direct(field: BaseMediaField) -> Iterator[checks.CheckMessage]:
    if field.direct and _MIDDLEWARE not in settings.MIDDLEWARE:
        yield checks.Warning(
            "The field has direct=True, but forms do not know the user to whom an upload belongs:"
            " browsers send the files to the app.",
            hint=f'Add "{_MIDDLEWARE}" to MIDDLEWARE, after AuthenticationMiddleware.',
            obj=field,
            id="shift_media.W110",
        )
    if field.direct and _takes_no_uploads(field):
        yield checks.Warning(
            "The field has direct=True, but its storage takes no uploads of browsers: they send the"
            " files to the app.",
            hint="Remove direct=True, or use S3MediaStorage or LocalMediaStorage.",
            obj=field,
            id="shift_media.W113",
        )


def _takes_no_uploads(field: BaseMediaField) -> bool:
    try:
        storage = field.storage
    except ImproperlyConfigured:  # reported as E004
        return False
    return isinstance(storage, MediaStorage) and storage.multipart is None
