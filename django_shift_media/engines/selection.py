"""The image engine, its options and the steps of a site's own, as the settings choose them."""

import inspect
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, cast

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from django_shift_media.conf import cached_until_settings_change, conf
from django_shift_media.engines.contract import METHODS, ImageEngine
from django_shift_media.engines.memory import is_shortage, require_memory
from django_shift_media.engines.options import Color, EngineOptions, StepFunction, Truncated
from django_shift_media.naming.steps import step_error

# GLib ends the process if memory is short while libvips is loaded.
_LIBVIPS_MEMORY = 150_000_000  # bytes

ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "pillow": "django_shift_media.engines.pillow.engine",
        "auto": "django_shift_media.engines.auto.engine",
        "vips": "django_shift_media.engines.vips.engine",
    }
)


class InvalidStepOptions(ImproperlyConfigured):
    """A step of ``SHIFT_MEDIA_STEPS`` does not accept its options."""


def get_engine() -> ImageEngine:
    is_built_in = conf.engine in ENGINES
    return built_in_engine(conf.engine) if is_built_in else _own_engine(conf.engine)


def built_in_engine(name: str) -> ImageEngine:
    """
    Return an engine of this package: "pillow", "auto" or "vips".

    Raise ``ImproperlyConfigured`` if it is not installed.
    """
    if name != "pillow" and "pyvips" not in sys.modules:
        require_memory(_LIBVIPS_MEMORY)
    try:
        return cast(ImageEngine, import_string(ENGINES[name]))
    # If libvips cannot be loaded, pyvips raises ImportError, OSError or SystemError.
    except (ImportError, OSError, SystemError) as error:
        if is_shortage(error):
            raise MemoryError(str(error)) from error
        raise ImproperlyConfigured(
            f"SHIFT_MEDIA_ENGINE is {name!r}, but pyvips is not installed. Run:"
            ' pip install "django-shift-media[vips]"'
        ) from error


@lru_cache
def _own_engine(path: str) -> ImageEngine:
    """Return the engine with this dotted path: an object, or a class, which is created once."""
    setting = f"SHIFT_MEDIA_ENGINE is {path!r}"
    if "." not in path:
        raise ImproperlyConfigured(
            f"{setting}. It must be one of: {', '.join(ENGINES)}; or a dotted path."
        )
    try:
        engine = import_string(path)
        engine = engine() if inspect.isclass(engine) else engine
    except Exception as error:
        raise ImproperlyConfigured(f"{setting}, which cannot be used: {error}") from error
    missing = [name for name in METHODS if not callable(getattr(engine, name, None))]
    if missing:
        raise ImproperlyConfigured(f"{setting}, which has no method: {', '.join(missing)}.")
    return cast(ImageEngine, engine)


@cached_until_settings_change
@lru_cache
def get_step(name: str) -> StepFunction:
    """
    Return the function of a step with its options; raise ``ImproperlyConfigured``.

    A class is created once with the options, and its instance is called.
    """
    if name not in conf.steps:
        raise ImproperlyConfigured(f"SHIFT_MEDIA_STEPS has no step {name!r}.")
    setting = f"SHIFT_MEDIA_STEPS[{name!r}]"
    if reason := step_error(name):
        raise ImproperlyConfigured(f"{setting}: {reason}")
    entry = conf.steps[name]
    try:
        step = import_string(entry["step"])
    except Exception as error:
        reason = f'"step" is {entry["step"]!r}, which cannot be imported: {error}'
        raise ImproperlyConfigured(f"{setting}: {reason}") from error
    if not callable(step):
        raise ImproperlyConfigured(f'{setting}: "step" is {entry["step"]!r}, which is no function.')
    try:
        return _with_options(step, entry.get("options", {}))
    except Exception as error:
        raise InvalidStepOptions(f"{setting}: {error}") from error


def _with_options(step: Any, options: Mapping[str, Any]) -> StepFunction:
    if inspect.isclass(step):
        instance = step(**options)
        if not callable(instance):
            raise TypeError(f"The class {step.__qualname__} has no method __call__().")
        return cast(StepFunction, instance)
    inspect.signature(step).bind(None, **options)  # raises TypeError for a wrong option
    return partial(step, **options)


def engine_options(**overrides: Any) -> EngineOptions:
    """Return the options of the settings; ``overrides`` replace single options."""
    options = EngineOptions(
        max_pixels=conf.max_pixels,
        max_frames=conf.max_frames,
        formats=tuple(conf.formats),
        color=cast(Color, conf.color),
        truncated=cast(Truncated, conf.truncated),
        keep_credit=conf.keep_credit,
        get_step=get_step,
    )
    return replace(options, **overrides)
