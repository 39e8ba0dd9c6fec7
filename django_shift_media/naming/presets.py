"""
Presets: named options of resizes and responsive images, from ``SHIFT_MEDIA_PRESETS``.

Results are cached until a setting changes.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Unpack

from django_shift_media.conf import cached_until_settings_change, conf
from django_shift_media.exceptions import InvalidResize
from django_shift_media.naming.geometry import Size
from django_shift_media.naming.resize_options import ResizeOptions, default_format, parse_options
from django_shift_media.naming.resizes import FocalPoint, ImageFormat, Resize
from django_shift_media.naming.srcset import (
    PICTURE_OPTIONS,
    PictureOptions,
    SourceLayout,
    SourceSpec,
    source_layout,
    source_specs,
)
from django_shift_media.naming.steps import with_current_versions
from django_shift_media.naming.validation import listed

# A name must not look like a size such as "200x200" or "x200".
_NAME = re.compile(r"(?!x[0-9]*$)[a-zA-Z][\w-]*", re.ASCII)


@cached_until_settings_change
@lru_cache(maxsize=4096, typed=True)
def resize_for(
    size: str,
    default_format: ImageFormat,
    focal_point: FocalPoint | None,
    **options: Unpack[ResizeOptions],
) -> Resize:
    """
    Return the ``Resize`` for a size or the name of a preset, whose options are overridden.

    Raise ``InvalidResize``.
    """
    resolved = _resolve_preset(size, options)
    for option in resolved.keys() - ResizeOptions.__annotations__.keys() - {"size"}:
        if option in PICTURE_OPTIONS:
            raise InvalidResize(f"{option!r} is an option of picture(), not of resize().")
    return parse_options(resolved.pop("size"), default_format, focal_point, **resolved)


@cached_until_settings_change
@lru_cache(maxsize=1024, typed=True)
def picture_layouts(
    size: str | None,
    default_format: ImageFormat,
    focal_point: FocalPoint | None,
    original_size: Size | None,
    **options: Unpack[PictureOptions],
) -> tuple[SourceLayout, ...]:
    """
    Return the layouts of the sources of a ``<picture>``; the last one is for the ``<img>``.

    ``size`` may be the name of a preset; see ``source_layout()`` for the other arguments. Raise
    ``InvalidResize``.
    """
    specs = _picture_specs(size, default_format, **options)
    return tuple(source_layout(spec, focal_point, original_size) for spec in specs)


@cached_until_settings_change
@lru_cache(maxsize=1024, typed=True)
def _picture_specs(
    size: str | None, default_format: ImageFormat, **options: Unpack[PictureOptions]
) -> tuple[SourceSpec, ...]:
    return source_specs(default_format, _resolve_preset(size, options))


@cached_until_settings_change
@lru_cache
def preset_resizes(preset: str, default_format: ImageFormat) -> tuple[Resize, ...]:
    """Return all resizes of a preset, for originals without a focal point."""
    layouts = picture_layouts(preset, default_format, None, None)
    return tuple(candidate.resize for layout in layouts for candidate in layout.candidates)


@cached_until_settings_change
@lru_cache
def preset_names(default_format: ImageFormat) -> Mapping[Resize, str]:
    """Return the preset of each resize that has one; the first of several."""
    names: dict[Resize, str] = {}
    for preset in conf.presets:
        for resize in preset_resizes(preset, default_format):
            names.setdefault(resize, preset)
    return names


def _resolve_preset(size: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options, with those of the preset if ``size`` is the name of one."""
    presets = conf.presets
    preset = presets.get(size) if size is not None else None
    # ``sizes`` changes the HTML only, not the files.
    if conf.presets_only and (preset is None or options.keys() - {"sizes"}):
        raise InvalidResize(
            f"{size!r} with the options {dict(options)!r} is not a preset, but"
            " SHIFT_MEDIA_PRESETS_ONLY is True. Use a preset of"
            f" SHIFT_MEDIA_PRESETS{listed(presets)}."
        )
    if preset is not None:
        return {**preset, **options}
    if isinstance(size, str) and _NAME.fullmatch(size):
        raise InvalidResize(
            f"Unknown preset {size!r}. Define it in SHIFT_MEDIA_PRESETS{listed(presets)}, or give"
            ' a size such as "200x200".'
        )
    return {"size": size, **options}


def preset_error(name: Any) -> str | None:
    """Return the reason why a preset in the settings is invalid, or None if it is valid."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return (
            "Invalid name. Use letters, digits, - and _, and begin with a letter. A size such as"
            ' "x200" cannot be a name, and neither can "x".'
        )
    if not isinstance(conf.presets[name], dict):
        return f"Invalid preset {conf.presets[name]!r}. Use a dict of options."
    try:
        preset_resizes(name, "jpg")
    except InvalidResize as error:
        return str(error)
    return None


def require_allowed(original: str, resize: Resize) -> None:
    """
    Raise ``InvalidResize`` if only presets are allowed and this resize is not from one.

    Steps may have any version: ``require_current()`` is about resizes that are missing only.
    """
    if not conf.presets_only:
        return
    steps = with_current_versions(resize.steps)
    if replace(resize, focal_point=None, steps=steps) not in _allowed_resizes(
        default_format(original)
    ):
        raise InvalidResize(
            f"'{resize}' is not a resize of a preset, but SHIFT_MEDIA_PRESETS_ONLY is True."
        )


@cached_until_settings_change
@lru_cache
def _allowed_resizes(default_format: ImageFormat) -> Collection[Resize]:
    return frozenset(
        resize for preset in conf.presets for resize in preset_resizes(preset, default_format)
    )
