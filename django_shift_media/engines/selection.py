"""The image engine and its options, as the settings choose them."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, cast

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.engines.engine import Engine
from django_shift_media.engines.memory import is_shortage, require_memory
from django_shift_media.engines.options import Color, EngineOptions, Truncated

# GLib ends the process if memory is short while libvips is loaded.
_LIBVIPS_MEMORY = 150_000_000  # bytes

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
            f"SHIFT_MEDIA_ENGINE is {conf.engine!r}. It must be one of: {', '.join(ENGINES)}."
        ) from None
    if conf.engine != "pillow" and "pyvips" not in sys.modules:
        require_memory(_LIBVIPS_MEMORY)
    try:
        return cast(Engine, import_string(path))
    # If libvips cannot be loaded, pyvips raises ImportError, OSError or SystemError.
    except (ImportError, OSError, SystemError) as error:
        if is_shortage(error):
            raise MemoryError(str(error)) from error
        raise ImproperlyConfigured(
            f"SHIFT_MEDIA_ENGINE is {conf.engine!r}, but pyvips is not installed. Run:"
            ' pip install "django-shift-media[vips]"'
        ) from error


def engine_options(**overrides: Any) -> EngineOptions:
    """Return the options of the settings; ``overrides`` replace single options."""
    options = EngineOptions(
        max_pixels=conf.max_pixels,
        max_frames=conf.max_frames,
        formats=tuple(conf.formats),
        color=cast(Color, conf.color),
        truncated=cast(Truncated, conf.truncated),
        keep_credit=conf.keep_credit,
    )
    return replace(options, **overrides)
