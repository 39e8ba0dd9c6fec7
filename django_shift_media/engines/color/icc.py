"""Writes ICC profiles, of three colors and a curve or of a table. Sections are of ICC.1:2022."""

import itertools
import struct
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence

from django_shift_media.engines.color.colorimetry import D50, Primaries, Vector, transposed

# From the numbers of a pixel to light: Y = (aX + b)^g from d on, else cX. 10.18, type 3.
Curve = tuple[float, float, float, float, float]

_HEADER, _ENTRY = 128, 12  # bytes
_VERSION = 0x04400000
_DISPLAY, _INPUT = b"mntr", b"scnr"
_ONE = 0x8000  # of XYZ: 6.3.4.2
_STEPS = 32  # of red, green and blue in a table; what Little CMS makes of it has as many
_CURVE_STEPS = 1024
_IDENTITY = (1, 0, 0, 0, 1, 0, 0, 0, 1)


def gamma(exponent: float) -> Curve:
    return exponent, 1, 0, 0, 0


def of_curve(primaries: Primaries, curve: Curve) -> bytes:
    """Raise ``ArithmeticError`` or ``struct.error``: there are no such colors."""
    red, green, blue = transposed(primaries.to_xyz())
    coded = struct.pack(">4s4xHH5i", b"para", 3, 0, *map(_fixed, curve))
    adaptation = map(_fixed, itertools.chain(*primaries.to_d50()))
    tags = {b"chad": struct.pack(">4s4x9i", b"sf32", *adaptation)}
    tags |= {b"rXYZ": _xyz(red), b"gXYZ": _xyz(green), b"bXYZ": _xyz(blue)}
    return _profile(_DISPLAY, tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), coded))


def of_table(to_xyz: Callable[[Vector], Vector], corner: float) -> bytes:
    """
    Take what turns the numbers of a pixel, 0 to 1, into XYZ under D50, 0 to 1: lut16Type, 10.10.

    A step of the table lies at the corner, where that which is seen bends. The table has cube
    roots: between two of its steps, what is seen is even.
    """
    levels = _levels(corner)
    colors = (to_xyz(pixel) for pixel in itertools.product(levels, levels, levels))
    table = [round(0xFFFF * part ** (1 / 3)) for color in colors for part in color]
    curve = [step / (_CURVE_STEPS - 1) for step in range(_CURVE_STEPS)]
    places = [round(0xFFFF * _place(level, levels)) for level in curve]
    cubes = [round(_ONE * root**3) for root in curve]
    header = struct.pack(">4s4x3Bx9i", b"mft2", 3, 3, len(levels), *map(_fixed, _IDENTITY))
    numbers = [_CURVE_STEPS, _CURVE_STEPS, *places * 3, *table, *cubes * 3]
    return _profile(_INPUT, {b"A2B0": header + struct.pack(f">{len(numbers)}H", *numbers)})


def _levels(corner: float) -> list[float]:
    under = round(_STEPS * corner)
    over = _STEPS - under
    return [
        *(corner * step / under for step in range(under)),
        *(corner + (1 - corner) * step / over for step in range(over)),
        1,
    ]


def _place(level: float, levels: Sequence[float]) -> float:
    """Return where a level is among those of the steps, 0 to 1."""
    step = min(bisect_right(levels, level), _STEPS) - 1
    return (step + (level - levels[step]) / (levels[step + 1] - levels[step])) / _STEPS


def _profile(kind: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    """Put a header and a table before the tags: 7.2 and 7.3."""
    tags = {b"desc": _text("RGB"), b"cprt": _text("None"), b"wtpt": _xyz(D50), **tags}
    table, body = struct.pack(">I", len(tags)), b""
    start = _HEADER + len(table) + _ENTRY * len(tags)
    for tag, element in tags.items():
        table += struct.pack(">4sII", tag, start + len(body), len(element))
        body += element
    header = struct.pack(
        ">I4xI4s8s12x4s28x12s",
        *(start + len(body), _VERSION, kind, b"RGB XYZ ", b"acsp", _xyz(D50)[8:]),
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
