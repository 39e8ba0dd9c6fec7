"""Writes an ICC profile of three colours and a curve. Sections are those of ICC.1:2022."""

import struct
from collections.abc import Sequence
from functools import lru_cache
from operator import mul
from typing import NamedTuple

Point = tuple[float, float]  # x and y of CIE 1931
Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]
# From the numbers of a pixel to light: Y = (aX + b)^g from d on, else cX. 10.18, type 3.
Curve = tuple[float, float, float, float, float]

_D50: Vector = (0.9642, 1.0, 0.8249)
# To what eyes adapt to a white: annex E.
_BRADFORD: Matrix = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)
_HEADER, _ENTRY = 128, 12  # bytes
_VERSION = 0x04400000


class Colours(NamedTuple):
    red: Point
    green: Point
    blue: Point
    white: Point
    curve: Curve


def gamma(exponent: float) -> Curve:
    return exponent, 1, 0, 0, 0


@lru_cache(maxsize=64)
def written(colours: Colours) -> bytes | None:
    """Return the profile, None: there are no such colours."""
    try:
        adaptation = _adaptation(_in_xyz(colours.white))
        red, green, blue = (_xyz(_times(adaptation, light)) for light in _lights(colours))
        curve = struct.pack(">4s4xHH5i", b"para", 3, 0, *map(_fixed, colours.curve))
        numbers = (_fixed(part) for row in adaptation for part in row)
        chad = struct.pack(">4s4x9i", b"sf32", *numbers)
    except (ArithmeticError, ValueError, struct.error):
        return None
    tags = {b"desc": _text("RGB"), b"cprt": _text("None"), b"wtpt": _xyz(_D50), b"chad": chad}
    tags |= {b"rXYZ": red, b"gXYZ": green, b"bXYZ": blue}
    return _profile(tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def _profile(tags: dict[bytes, bytes]) -> bytes:
    """Put a header and a table before the tags: 7.2 and 7.3."""
    table, body = struct.pack(">I", len(tags)), b""
    start = _HEADER + len(table) + _ENTRY * len(tags)
    for tag, element in tags.items():
        table += struct.pack(">4sII", tag, start + len(body), len(element))
        body += element
    header = struct.pack(
        ">I4xI12s12x4s28x12s",
        *(start + len(body), _VERSION, b"mntrRGB XYZ ", b"acsp", _xyz(_D50)[8:]),
    )
    return header.ljust(_HEADER, b"\0") + table + body


def _xyz(vector: Sequence[float]) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *map(_fixed, vector))


def _text(text: str) -> bytes:
    """Write multiLocalizedUnicodeType: 10.15."""
    coded = text.encode("utf-16-be")
    start = struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(coded), 28)
    return start + coded + b"\0" * (-len(coded) % 4)


def _fixed(number: float) -> int:
    """Return it as s15Fixed16Number: 4.6."""
    return round(number * 65536)


def _lights(colours: Colours) -> list[Vector]:
    """Return red, green and blue in XYZ, as strong as they are when they make white."""
    white, red, green, blue = map(_in_xyz, (colours.white, *colours[:3]))
    x, y, z = zip(red, green, blue, strict=True)
    strengths = _times(_inverse((x, y, z)), white)
    return [
        _scaled(colour, [strength] * 3)
        for colour, strength in zip((red, green, blue), strengths, strict=True)
    ]


def _adaptation(white: Vector) -> Matrix:
    """Return what turns XYZ under a white into XYZ under D50: annex E."""
    cones = zip(_times(_BRADFORD, _D50), _times(_BRADFORD, white), strict=True)
    x, y, z = zip(*_BRADFORD, strict=True)
    ratios = [wanted / given for wanted, given in cones]
    back = _inverse(_BRADFORD)
    columns = (_times(back, _scaled(column, ratios)) for column in (x, y, z))
    x, y, z = zip(*columns, strict=True)
    return x, y, z


def _in_xyz(point: Point) -> Vector:
    x, y = point
    return x / y, 1, (1 - x - y) / y


def _scaled(vector: Vector, by: Sequence[float]) -> Vector:
    x, y, z = (part * factor for part, factor in zip(vector, by, strict=True))
    return x, y, z


def _times(matrix: Matrix, vector: Vector) -> Vector:
    x, y, z = (sum(map(mul, row, vector)) for row in matrix)
    return x, y, z


def _inverse(matrix: Matrix) -> Matrix:
    a, b, c = matrix
    columns = _cross(b, c), _cross(c, a), _cross(a, b)
    determinant = sum(map(mul, a, columns[0]))
    x, y, z = (_scaled(row, [1 / determinant] * 3) for row in zip(*columns, strict=True))
    return x, y, z


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
