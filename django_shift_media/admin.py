"""For the admin: pictures in lists. ``MediaField`` brings its widget along, in the admin, too."""

from collections.abc import Callable
from typing import Unpack

from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from django_shift_media.media.files import MediaFile
from django_shift_media.naming.presets import resize_for
from django_shift_media.naming.resize_options import ResizeOptions


def thumbnail(
    field: str,
    size: str = "60x60",
    *,
    description: str | None = None,
    **options: Unpack[ResizeOptions],
) -> Callable[[models.Model], SafeString | None]:
    """
    Return a column for ``list_display``: a resize of the ``MediaField`` of that name.

    The size, or the preset, and the options are those of ``MediaFile.resize()``. It costs neither a
    query nor a call of the storage. ``description`` is the column's title; None is the field's
    name.
    """
    resize_for(size, "jpg", None, **options)  # a mistake is found now, not when a list is shown

    def column(instance: models.Model) -> SafeString | None:
        file: MediaFile = getattr(instance, field)
        if not file:
            return None
        return format_html('<img src="{}" alt="" loading="lazy">', file.resize(size, **options))

    column.__name__ = f"{field}_thumbnail"
    column.short_description = description or capfirst(field.replace("_", " "))  # type: ignore[attr-defined]
    return column
