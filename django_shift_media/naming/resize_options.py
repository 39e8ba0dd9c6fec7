"""Parse the options of a resize as templates and callers give them."""

import re
from functools import lru_cache
from typing import Any, TypedDict, Unpack

from django_shift_media.conf import cached_until_settings_change
from django_shift_media.exceptions import InvalidResize
from django_shift_media.naming.formats import OUTPUT_FORMATS, extension_of
from django_shift_media.naming.resizes import (
    Crop,
    FocalPoint,
    How,
    ImageFormat,
    Resize,
    optional_int,
)
from django_shift_media.naming.steps import parse_steps
from django_shift_media.naming.validation import SIZE_HINT

_FOCAL_POINT = re.compile("([0-9]{1,3}),([0-9]{1,3})")
_PERCENT = "([0-9]{1,3}(?:[.][0-9]{1,2})?)"
_CROP = re.compile(",".join([_PERCENT] * 4))
_COLOR = re.compile("#?([0-9a-f]{6})", re.IGNORECASE)
_SIZE = re.compile(r"(?P<width>[0-9]+)?x(?P<height>[0-9]+)?")


class ResizeOptions(TypedDict, total=False):
    """The options of ``MediaFile.resize()``."""

    how: How
    format: ImageFormat | None
    quality: int | None
    upscale: bool
    crop: str | None
    background: str | None
    frame: int | None
    grayscale: bool
    blur: int | None
    sharpen: int | None
    lossless: bool
    steps: str | None


@cached_until_settings_change
@lru_cache(maxsize=4096, typed=True)
def parse_options(
    size: str,
    default_format: ImageFormat,
    focal_point: FocalPoint | None,
    **options: Unpack[ResizeOptions],
) -> Resize:
    """
    Build a ``Resize`` from the arguments of ``MediaFile.resize()``; ``size`` is such as "200x".

    The focal point is ignored unless ``how`` is "fill" and there is no ``crop``. Raise
    ``InvalidResize``.
    """
    match = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if size == "":
        raise InvalidResize(
            f"Invalid size ''. {SIZE_HINT} In a template, a size and the name of a preset need"
            " quotes."
        )
    if not match:
        raise InvalidResize(f"Invalid size {size!r}. {SIZE_HINT}")
    for option in options.keys() - ResizeOptions.__annotations__.keys():
        raise InvalidResize(
            f"Unknown resize option {option!r}. The options are:"
            f" {', '.join(ResizeOptions.__annotations__)}."
        )
    crop = _parse_crop(options.get("crop"))
    parsed: dict[str, Any] = {
        **options,
        "width": optional_int(match["width"]),
        "height": optional_int(match["height"]),
        "format": options.get("format") or default_format,
        "crop": crop,
        "background": _parse_color(options.get("background")),
        "steps": parse_steps(options.get("steps")),
        "focal_point": focal_point if options.get("how") == "fill" and not crop else None,
    }
    return Resize(**parsed)


def parse_focal_point(text: str) -> FocalPoint:
    """Parse "30,70", in percent from the left and the top; raise ``ValueError``."""
    match = _FOCAL_POINT.fullmatch(text)
    point = (int(match[1]), int(match[2])) if match else None
    if point is None or max(point) > 100:
        raise ValueError(
            f'{text!r} is not a valid focal point. Use two percentages, such as "30,70".'
        )
    return point


def _parse_crop(text: object) -> Crop | None:
    if text is None:
        return None
    match = _CROP.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise InvalidResize(
            f"Invalid crop {text!r}. Use the left, top, right and bottom in percent, such as"
            ' "10,20,60.5,80".'
        )
    left, top, right, bottom = (round(float(percent) * 100) for percent in match.groups())
    return left, top, right, bottom


def _parse_color(text: object) -> str | None:
    if text is None:
        return None
    match = _COLOR.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise InvalidResize(f'Invalid background {text!r}. Use a color such as "#ffcc00".')
    return match[1].lower()


def default_format(original: str) -> ImageFormat:
    """Return the default format of resizes: that of the original if all browsers show it."""
    format = OUTPUT_FORMATS.get(extension_of(original))
    return format.extension if format and format.shown_everywhere else "jpg"  # type: ignore[return-value]
