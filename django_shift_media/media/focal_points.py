"""The focal point of an upload, if ``SHIFT_MEDIA_FOCAL_POINT`` says how to find it."""

import io
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from importlib.util import find_spec
from typing import Any

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
from django_shift_media.media.upload_validation import decode_once, validate_upload
from django_shift_media.naming.resizes import FocalPoint, Resize

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
    except ImportError as error:
        raise ImproperlyConfigured(
            f"SHIFT_MEDIA_FOCAL_POINT is {path!r}, which cannot be imported ({error}). It must be"
            ' "attention" or the dotted path of a function.'
        ) from error
    if not callable(function):
        raise ImproperlyConfigured(f"SHIFT_MEDIA_FOCAL_POINT is {path!r}, which is not callable.")
    return function  # type: ignore[no-any-return]  # whatever it returns is checked


def fill_in(field: BaseMediaField, instance: models.Model, file: "File[Any]") -> None:
    """Set the focal point for an upload, unless there is one; log a failure."""
    name = field.focal_point_field
    if conf.focal_point is None or name is None or getattr(instance, name):
        return
    with suppress(UnacceptableFile):  # saving the file will raise this, with the reason
        info = validate_upload(file, kind=field.kind, max_bytes=field.max_bytes)
        if info and (point := decode_once(file, _find_or_log)):
            setattr(instance, name, "{},{}".format(*point))


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
                fill_in(field, instance, upload.file)
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
