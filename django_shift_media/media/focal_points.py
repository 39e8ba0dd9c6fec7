"""The focal point of an upload, if ``SHIFT_MEDIA_FOCAL_POINT`` says how to find it."""

import io
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from django.db import models
from django.utils.module_loading import import_string
from PIL import Image

from django_shift_media.conf import conf
from django_shift_media.engines.attention import find_attention
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.media.examined_file import ExaminedFile
from django_shift_media.media.upload_validation import decode_once, validate_upload
from django_shift_media.naming.resizes import FocalPoint, Resize

if TYPE_CHECKING:
    from django_shift_media.media.files import MediaFile

logger = logging.getLogger("django_shift_media")

# Enough to recognize faces, and little memory. Transparent parts are white.
_VIEW = Resize(width=1024, height=1024, format="jpg", quality=90)

FocalPointFunction = Callable[[Image.Image], tuple[float, float] | None]


def focal_point_function() -> FocalPointFunction | None:
    """Return the function of the settings, None without one; raise ``ImproperlyConfigured``."""
    path = conf.focal_point
    if path is None:
        return None
    if path == "attention":
        if not find_spec("pyvips"):
            raise ImproperlyConfigured(
                "SHIFT_MEDIA_FOCAL_POINT is 'attention', but pyvips is not installed. Run:"
                ' pip install "django-shift-media[vips]"'
            )
        return find_attention
    try:
        function = import_string(path)
    except (ImportError, ValueError) as error:  # ValueError: an empty name, as in "." or "a."
        raise ImproperlyConfigured(
            f"SHIFT_MEDIA_FOCAL_POINT is {path!r}, which cannot be imported ({error}). It must be"
            ' "attention" or the dotted path of a function.'
        ) from error
    if not callable(function):
        raise ImproperlyConfigured(f"SHIFT_MEDIA_FOCAL_POINT is {path!r}, which is not callable.")
    return function  # type: ignore[no-any-return]  # whatever it returns is checked


def find(file: "MediaFile", content: "File[Any]") -> str:
    """
    Return the text of the focal point of what is saved as a file, "" for the center.

    Nothing is searched if the content is assigned to the instance, which has a point for it. Log a
    failure.
    """
    field, is_assigned = file.field, content is file._file
    if conf.focal_point is None or field.focal_point_field is None:
        return ""
    if is_assigned and _has_point(field, file.instance):
        return ""
    if isinstance(content, ExaminedFile):
        return content.focal_point
    with suppress(UnacceptableFile):  # saving the file will raise this, with the reason
        info = validate_upload(content, kind=field.kind, max_bytes=field.max_bytes)
        if info:
            return search(content)
    return ""


def search(content: "File[Any]") -> str:
    """Search an image for its focal point; return its text, "" for the center."""
    point = decode_once(content, _find_or_log)
    return "{},{}".format(*point) if point else ""


def _has_point(field: BaseMediaField, instance: models.Model) -> bool:
    return bool(field.focal_point_field and getattr(instance, field.focal_point_field))


def fill_in(field: BaseMediaField, instance: models.Model, text: str) -> None:
    """Set the focal point, unless there is one."""
    if text and not _has_point(field, instance):
        setattr(instance, str(field.focal_point_field), text)


def fill_in_before_saving(field: BaseMediaField) -> None:
    """Have the models of a field find focal points before they save any field, in any order."""
    model: Any = field.model
    save_base = model.save_base

    @wraps(save_base)
    def save(instance: models.Model, *args: Any, **kwargs: Any) -> None:
        # Not getattr(): that would load a deferred field.
        if instance.__dict__.get(field.attname):
            upload = getattr(instance, field.attname)
            if not upload._committed:
                fill_in(field, instance, find(upload, upload.file))
        save_base(instance, *args, **kwargs)

    model.save_base = save


def _find_or_log(data: bytes) -> FocalPoint | None:
    try:
        function = focal_point_function()
        return None if function is None else _find(data, function)
    except Exception:
        # An upload is worth more than its focal point.
        logger.exception("SHIFT_MEDIA_FOCAL_POINT failed: the image is cropped around its center.")
        return None


def _find(data: bytes, function: FocalPointFunction) -> FocalPoint | None:
    view = get_engine().render(data, _VIEW, engine_options(color="srgb", keep_credit=False))
    with Image.open(io.BytesIO(view)) as image:
        point = function(image.convert("RGB"))
    if point is None:
        return None
    x, y = map(round, point)
    if not (0 <= x <= 100 and 0 <= y <= 100):
        raise ValueError(f"{point!r} is not a focal point. Return two percentages from 0 to 100.")
    return x, y
