"""The image engine that the settings choose."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.engines.engine import Engine

ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "pillow": "django_shift_media.engines.pillow.engine",
        "auto": "django_shift_media.engines.auto.engine",
        "vips": "django_shift_media.engines.vips.engine",
    }
)


def get_engine() -> Engine:
    try:
        path = ENGINES[conf.engine]
    except KeyError:
        raise ImproperlyConfigured(
            f"SHIFT_MEDIA_ENGINE is {conf.engine!r}, must be one of: {', '.join(ENGINES)}."
        ) from None
    try:
        return cast(Engine, import_string(path))
    except ImportError as error:
        raise ImproperlyConfigured(
            f"SHIFT_MEDIA_ENGINE is {conf.engine!r}: pip install django-shift-media[vips]"
        ) from error
