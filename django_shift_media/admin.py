"""Thumbnails for lists in the admin. The widget of ``MediaField`` needs no configuration."""

from collections.abc import Callable
from typing import Unpack

from django.db import models
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from django_shift_media.media.bad_rows import BAD_ROW_ERRORS, report
from django_shift_media.media.files import MediaFile
from django_shift_media.media.resized_image import img_attributes
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
    Return a column for ``list_display`` that shows a resize of a ``MediaField``.

    ``field`` is the name of the field; ``size`` (or a preset's name) and ``options`` are those of
    ``MediaFile.resize()``. Rendering needs no query and no storage request. The alternative text is
    that of the field's ``alt_field``; without one, it is ``str()`` of the row. A file that is not
    an image has no thumbnail, and neither has a row with invalid values; see
    ``SHIFT_MEDIA_STRICT``. ``description`` is the title of the column, by default the field's name.
    """
    resize_for(size, "jpg", None, **options)  # raise for invalid options before a list is shown

    def column(instance: models.Model) -> SafeString | None:
        file: MediaFile = getattr(instance, field)
        if not (file and file.is_image):
            return None
        try:
            image = file.resize(size, **options)
        except BAD_ROW_ERRORS as error:
            report(error)
            return None
        # The list may link the thumbnail, and a link needs a name.
        attributes = {**img_attributes(image), "alt": file.alt or str(instance), "loading": "lazy"}
        return format_html("<img{}>", flatatt(attributes))

    column.__name__ = f"{field}_thumbnail"
    column.short_description = description or capfirst(field.replace("_", " "))  # type: ignore[attr-defined]
    return column
