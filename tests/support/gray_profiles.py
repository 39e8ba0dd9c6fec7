"""ICC profiles for gray, as programs write them: ICC.1:2022."""

import struct
from collections.abc import Callable

from tests.support.pictures import profile

_D50 = struct.pack(">3i", 63190, 65536, 54061)
_POINTS = 1024


def _gray_profile(curve: bytes) -> bytes:
    """Return a profile with a curve from gray to luminance: 8.3.4."""
    white = b"XYZ " + bytes(4) + _D50
    table, body = struct.pack(">I", 2), b""
    for tag, content in ((b"wtpt", white), (b"kTRC", curve)):
        table += struct.pack(">4sII", tag, 128 + 4 + 24 + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    size = 128 + len(table) + len(body)
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x12s", size, 0x04200000, b"mntr", b"GRAY", b"XYZ ", b"acsp", _D50
    )
    return header.ljust(128, b"\0") + table + body


def _gamma(exponent: float) -> bytes:
    return struct.pack(">4s4xIH", b"curv", 1, round(exponent * 256))


def _sampled(luminance: Callable[[float], float]) -> bytes:
    """Return a curve of points: curveType, 10.6."""
    values = (round(65535 * luminance(point / (_POINTS - 1))) for point in range(_POINTS))
    return struct.pack(f">4s4xI{_POINTS}H", b"curv", _POINTS, *values)


def _lightness(gray: float) -> float:
    """Return the luminance of a lightness L*: CIE 15."""
    return ((gray + 0.16) / 1.16) ** 3 if gray > 0.08 else gray / 9.033


def _dot_gain(gray: float) -> float:
    """Return the luminance of paper whose dots are larger than in the file: by 20% of a half."""
    ink = 1 - gray
    return 1 - (ink + 4 * 0.2 * ink * (1 - ink))


_SRGB = struct.pack(
    ">4s4xHH5i",
    *(b"para", 3, 0),
    *(round(65536 * number) for number in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)),
)
GRAY_PROFILES = {
    "gamma 1.8": _gray_profile(_gamma(1.8)),
    "gamma 2.2": _gray_profile(_gamma(2.2)),
    "L*": _gray_profile(_sampled(_lightness)),
    "sGray": _gray_profile(_SRGB),
    "dot gain 20%": _gray_profile(_sampled(_dot_gain)),
    "identity": _gray_profile(struct.pack(">4s4xI", b"curv", 0)),
    "CIELAB": profile("gray-l"),
}
