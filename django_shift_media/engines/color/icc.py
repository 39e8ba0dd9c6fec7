"""Write ICC profiles for RGB: from primaries and a curve, or from a table. Sections: ICC.1:2022."""

import itertools
import struct
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence

from django_shift_media.engines.color.colorimetry import D50, Primaries, Vector, transpose

# The parameters g, a, b, c, d of a curve from the value X of a pixel to linear light:
# Y = (aX + b)^g if X >= d, else Y = cX. Source: 10.18, function type 3.
Curve = tuple[float, float, float, float, float]

_HEADER_LENGTH, _TAG_ENTRY_LENGTH = 128, 12
_VERSION = 0x04400000
_DISPLAY, _INPUT = b"mntr", b"scnr"  # classes of profiles
_XYZ_ONE = 0x8000  # 1.0 as an encoded component of XYZ: 6.3.4.2
_GRID_STEPS = 32  # between the points of a table on each axis; Little CMS uses as many
_CURVE_POINTS = 1024
_IDENTITY = (1, 0, 0, 0, 1, 0, 0, 0, 1)


def gamma_curve(exponent: float) -> Curve:
    return exponent, 1, 0, 0, 0


def matrix_profile(primaries: Primaries, curve: Curve) -> bytes:
    """
    Return a profile of three primary colors with one curve for all.

    Raise ``ArithmeticError`` or ``struct.error`` for numbers that describe no possible colors.
    """
    red, green, blue = transpose(primaries.to_xyz())
    parametric_curve = struct.pack(">4s4xHH5i", b"para", 3, 0, *map(_s15_fixed16, curve))
    adaptation = map(_s15_fixed16, itertools.chain(*primaries.to_d50()))
    tags = {b"chad": struct.pack(">4s4x9i", b"sf32", *adaptation)}
    tags |= {b"rXYZ": _xyz_type(red), b"gXYZ": _xyz_type(green), b"bXYZ": _xyz_type(blue)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), parametric_curve)
    return _profile(_DISPLAY, tags)


def table_profile(to_xyz: Callable[[Vector], Vector], knee: float) -> bytes:
    """
    Return a profile with a table of ``to_xyz`` at regular points: lut16Type, 10.10.

    ``to_xyz`` maps the values of a pixel, 0 to 1, to XYZ relative to D50, 0 to 1. ``knee`` is the
    value at which it changes abruptly; one of the points is there. The table stores cube roots, so
    that interpolation between two points is perceptually even.
    """
    levels = _grid_levels(knee)
    colors = (to_xyz(pixel) for pixel in itertools.product(levels, levels, levels))
    table = [round(0xFFFF * component ** (1 / 3)) for color in colors for component in color]
    values = [point / (_CURVE_POINTS - 1) for point in range(_CURVE_POINTS)]
    input_curve = [round(0xFFFF * _grid_position(value, levels)) for value in values]
    output_curve = [round(_XYZ_ONE * root**3) for root in values]
    header = struct.pack(">4s4x3Bx9i", b"mft2", 3, 3, len(levels), *map(_s15_fixed16, _IDENTITY))
    numbers = [_CURVE_POINTS, _CURVE_POINTS, *input_curve * 3, *table, *output_curve * 3]
    return _profile(_INPUT, {b"A2B0": header + struct.pack(f">{len(numbers)}H", *numbers)})


def _grid_levels(knee: float) -> list[float]:
    """Return the values of the points on one axis: evenly spaced below and above the knee."""
    below = round(_GRID_STEPS * knee)
    above = _GRID_STEPS - below
    return [
        *(knee * step / below for step in range(below)),
        *(knee + (1 - knee) * step / above for step in range(above)),
        1,
    ]


def _grid_position(value: float, levels: Sequence[float]) -> float:
    """Return the position of a value on an axis of the table, 0 to 1."""
    step = min(bisect_right(levels, value), _GRID_STEPS) - 1
    return (step + (value - levels[step]) / (levels[step + 1] - levels[step])) / _GRID_STEPS


def _profile(profile_class: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    """Write the header, the tag table and the tags: 7.2 and 7.3."""
    tags = {
        b"desc": _text_type("RGB"),
        b"cprt": _text_type("None"),
        b"wtpt": _xyz_type(D50),
        **tags,
    }
    table, body = struct.pack(">I", len(tags)), b""
    start = _HEADER_LENGTH + len(table) + _TAG_ENTRY_LENGTH * len(tags)
    for tag, element in tags.items():
        table += struct.pack(">4sII", tag, start + len(body), len(element))
        body += element
    header = struct.pack(
        ">I4xI4s8s12x4s28x12s",
        *(start + len(body), _VERSION, profile_class, b"RGB XYZ ", b"acsp", _xyz_type(D50)[8:]),
    )
    return header.ljust(_HEADER_LENGTH, b"\0") + table + body


def _xyz_type(vector: Sequence[float]) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *map(_s15_fixed16, vector))


def _text_type(text: str) -> bytes:
    """Return a multiLocalizedUnicodeType: 10.15."""
    encoded = text.encode("utf-16-be")
    start = struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(encoded), 28)
    return start + encoded + b"\0" * (-len(encoded) % 4)


def _s15_fixed16(number: float) -> int:
    """Return an s15Fixed16Number: 4.6."""
    return round(number * 65536)
