"""What each option of a resize may be. Messages name the option, its value and what is wanted."""

import re

from django_shift_media.exceptions import InvalidResize

MAX_SIDE = 16_383  # pixels: what WebP can hold, the least of the formats
MAX_BLUR = 100  # pixels
MAX_SHARPEN = 200  # per cent
MAX_FRAME = 9_999
HUNDRED_PERCENT = 10_000  # hundredths of a per cent


def check_sides(*sides: int | None) -> None:
    for side in sides:
        if side is not None and not (_is_int(side) and 1 <= side <= MAX_SIDE):
            raise InvalidResize(f"size has a side of {side!r}, must be 1 to {MAX_SIDE} pixels.")
    if not any(sides):
        raise InvalidResize('size has no side, must be as in "200x200", "200x" or "x200".')


def check_choice(option: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidResize(f"{option} is {value!r}, must be one of: {', '.join(choices)}.")


def check_flag(option: str, value: object) -> None:
    if not isinstance(value, bool):
        raise InvalidResize(f"{option} is {value!r}, must be True or False.")


def check_number(option: str, value: object, most: int) -> None:
    if value is not None and not (_is_int(value) and 1 <= value <= most):  # type: ignore[operator]
        raise InvalidResize(f"{option} is {value!r}, must be a whole number from 1 to {most}.")


def check_focal_point(point: object, how: str) -> None:
    if point is None:
        return
    if how != "fill":
        raise InvalidResize(f'focal_point is {point!r}, but how="{how}" crops nothing.')
    if not (
        isinstance(point, tuple)
        and len(point) == 2
        and all(_is_int(part) and 0 <= part <= 100 for part in point)
    ):
        raise InvalidResize(f"focal_point is {point!r}, must be two whole numbers from 0 to 100.")


def check_crop(crop: object, focal_point: object) -> None:
    if crop is None:
        return
    if focal_point is not None:
        raise InvalidResize(f"crop is {crop!r}, and focal_point {focal_point!r}: give one of them.")
    if not (isinstance(crop, tuple) and len(crop) == 4 and all(_is_int(part) for part in crop)):
        raise InvalidResize(f"crop is {crop!r}, must be four whole numbers.")
    left, top, right, bottom = crop
    if not (0 <= left < right <= HUNDRED_PERCENT and 0 <= top < bottom <= HUNDRED_PERCENT):
        percent = ",".join(f"{part / 100:g}" for part in crop)
        raise InvalidResize(
            f'crop is "{percent}", must have its left before its right and its top before its'
            " bottom, from 0 to 100 per cent."
        )


def check_background(color: object) -> None:
    if color is not None and not (isinstance(color, str) and re.fullmatch("[0-9a-f]{6}", color)):
        raise InvalidResize(f'background is {color!r}, must be as in "ffcc00".')


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
