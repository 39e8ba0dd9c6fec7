"""Validate the options of a resize: raise ``InvalidResize``, which says what is valid."""

import re
from collections.abc import Iterable

from django_shift_media.exceptions import InvalidResize

MAX_SIDE = 16_383  # pixels: the maximum of WebP, which is the lowest of all formats
MAX_BLUR = 100  # pixels
MAX_SHARPEN = 200  # percent
MAX_FRAME = 9_999
HUNDRED_PERCENT = 10_000  # hundredths of a percent

SIZE_HINT = 'Use a size such as "200x200", "200x" or "x200".'


def check_sides(*sides: int | None) -> None:
    for side in sides:
        if side is not None and not (_is_int(side) and 1 <= side <= MAX_SIDE):
            raise InvalidResize(f"Invalid size: a side is {side!r}. Use 1 to {MAX_SIDE} pixels.")
    if not any(sides):
        raise InvalidResize(f"Invalid size: it has no width or height. {SIZE_HINT}")


def check_choice(option: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidResize(f"Invalid {option} {value!r}. Use one of: {', '.join(choices)}.")


def check_flag(option: str, value: object) -> None:
    if not isinstance(value, bool):
        raise InvalidResize(f"Invalid {option} {value!r}. Use True or False.")


def check_number(option: str, value: object, maximum: int) -> None:
    if value is not None and not (_is_int(value) and 1 <= value <= maximum):  # type: ignore[operator]
        raise InvalidResize(f"Invalid {option} {value!r}. Use a whole number from 1 to {maximum}.")


def check_focal_point(point: object, how: str) -> None:
    if point is None:
        return
    if how != "fill":
        raise InvalidResize(f'A focal point, {point!r}, requires how="fill", but how is "{how}".')
    if not (
        isinstance(point, tuple)
        and len(point) == 2
        and all(_is_int(part) and 0 <= part <= 100 for part in point)
    ):
        raise InvalidResize(f"Invalid focal point {point!r}. Use two whole numbers from 0 to 100.")


def check_crop(crop: object, focal_point: object) -> None:
    if crop is None:
        return
    if focal_point is not None:
        raise InvalidResize(
            f"Use either a crop or a focal point; got {crop!r} and {focal_point!r}."
        )
    if not (isinstance(crop, tuple) and len(crop) == 4 and all(_is_int(part) for part in crop)):
        raise InvalidResize(f"Invalid crop {crop!r}. Use four whole numbers.")
    left, top, right, bottom = crop
    if not (0 <= left < right <= HUNDRED_PERCENT and 0 <= top < bottom <= HUNDRED_PERCENT):
        percent = ",".join(f"{part / 100:g}" for part in crop)
        raise InvalidResize(
            f'Invalid crop "{percent}". Use 0 to 100 percent, with left less than right and top'
            " less than bottom."
        )


def check_background(color: object) -> None:
    if color is not None and not (isinstance(color, str) and re.fullmatch("[0-9a-f]{6}", color)):
        raise InvalidResize(f'Invalid background {color!r}. Use a color such as "ffcc00".')


def listed(names: Iterable[object]) -> str:
    """List the names that a setting has, to follow the name of the setting."""
    text = ", ".join(map(str, names))
    return f" (it has: {text})" if text else " (it is empty)"


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
