"""
Presets: names for the options of resizes and pictures, from ``SHIFT_MEDIA_PRESETS``.

What follows from them is worked out once, until a setting changes.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Unpack

from django.core.signals import setting_changed
from django.dispatch import receiver

from django_shift_media.conf import conf
from django_shift_media.exceptions import InvalidResize
from django_shift_media.naming.resizes import (
    FocalPoint,
    ImageFormat,
    Options,
    Resize,
    default_format,
    parse_options,
)
from django_shift_media.naming.srcset import (
    OPTIONS,
    PictureOptions,
    Row,
    Shape,
    Size,
    lay_out_source,
    shapes,
)

# No size, as in "200x200" or "x200".
_NAME = re.compile(r"(?!x[0-9]*$)[a-zA-Z][\w-]*", re.ASCII)


@lru_cache(maxsize=4096, typed=True)
def resize_for(
    size: str,
    default_format: ImageFormat,
    focal_point: FocalPoint | None,
    **options: Unpack[Options],
) -> Resize:
    """
    Return the ``Resize`` for a size, or the name of a preset, and options that override it.

    Raise ``InvalidResize``.
    """
    given = _options_of(size, options)
    for option in given.keys() - Options.__annotations__.keys() - {"size"}:
        if option in OPTIONS:
            raise InvalidResize(f"{option!r} is an option of a picture, and no option of a resize.")
    return parse_options(given.pop("size"), default_format, focal_point, **given)


@lru_cache(maxsize=1024, typed=True)
def layouts_for(
    size: str | None,
    default_format: ImageFormat,
    focal_point: FocalPoint | None,
    original: Size | None,
    **options: Unpack[PictureOptions],
) -> tuple[Row, ...]:
    """
    Return the rows of a picture as ``<picture>`` lists them; the last is that of ``<img>``.

    ``size`` may be the name of a preset; see ``layouts`` for the rest. Raise ``InvalidResize``.
    """
    shapes = _shapes_for(size, default_format, **options)
    return tuple(lay_out_source(shape, focal_point, original) for shape in shapes)


@lru_cache(maxsize=1024, typed=True)
def _shapes_for(
    size: str | None, default_format: ImageFormat, **options: Unpack[PictureOptions]
) -> tuple[Shape, ...]:
    return shapes(default_format, _options_of(size, options))


@lru_cache
def resizes_of(preset: str, default_format: ImageFormat) -> tuple[Resize, ...]:
    """Return all resizes that a preset stands for, for originals that have no focal point."""
    rows = layouts_for(preset, default_format, None, None)
    return tuple(candidate.resize for row in rows for candidate in row.candidates)


def _options_of(size: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a size, or the name of a preset, and others stand for together."""
    presets = conf.presets
    preset = presets.get(size) if size is not None else None
    # How wide a picture is shown changes nothing about its files.
    if conf.presets_only and (preset is None or options.keys() - {"sizes"}):
        raise InvalidResize(
            f"{size!r} with {dict(options)!r} is no preset, and SHIFT_MEDIA_PRESETS_ONLY allows no"
            f" others, must be one of: {', '.join(presets)}."
        )
    if preset is not None:
        return {**preset, **options}
    if isinstance(size, str) and _NAME.fullmatch(size):
        raise InvalidResize(
            f'{size!r} is no preset, must be one of: {", ".join(presets)}; or as in "200x200".'
        )
    return {"size": size, **options}


def preset_error(name: Any) -> str | None:
    """Say what is wrong with a preset of the settings; None: nothing is."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "A name has letters, digits, - and _, begins with a letter and is no size."
    if not isinstance(conf.presets[name], dict):
        return f"It is {conf.presets[name]!r}, must be a dict of options."
    try:
        resizes_of(name, "jpg")
    except InvalidResize as error:
        return str(error)
    return None


def require_allowed(original: str, resize: Resize) -> None:
    """Raise ``InvalidResize`` if presets are all that is made and this is none."""
    if conf.presets_only and replace(resize, focal_point=None) not in _allowed(
        default_format(original)
    ):
        raise InvalidResize(f"'{resize}' is no preset's.")


@lru_cache
def _allowed(default_format: ImageFormat) -> Collection[Resize]:
    return frozenset(
        resize for preset in conf.presets for resize in resizes_of(preset, default_format)
    )


@receiver(setting_changed)
def _forget(setting: str, **kwargs: Any) -> None:
    if setting in {"SHIFT_MEDIA_PRESETS", "SHIFT_MEDIA_PRESETS_ONLY"}:
        for function in (resize_for, layouts_for, _shapes_for, resizes_of, _allowed):
            function.cache_clear()
