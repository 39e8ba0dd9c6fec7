"""
The ICC profile of an image: the one that it carries, or one made of how it tells its colors else.

That is by code points (AVIF, HEIC, PNG: ITU-T H.273), by numbers (PNG) or, in a camera's JPEG, by a
word in EXIF.
"""

import struct
from collections.abc import Mapping
from functools import lru_cache
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from PIL import Image

from django_shift_media.engines.color import tone_mapping
from django_shift_media.engines.color.colorimetry import Primaries
from django_shift_media.engines.color.icc import Curve, gamma, of_curve
from django_shift_media.engines.decode import heif
from django_shift_media.engines.decode.preflight import png_chunks
from django_shift_media.engines.exif import exif_of
from django_shift_media.naming.formats import SourceFormat

_BT709 = Primaries((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_CURVE_OF_SRGB: Curve = 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045
# By code points: H.273, tables 2 and 3. The curve of television is shown as that of sRGB.
_PRIMARIES = MappingProxyType(
    {
        1: _BT709,
        5: Primaries((0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),
        6: Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
        9: tone_mapping.BT2020,
        12: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    }
)
_CURVES = MappingProxyType(
    {
        **dict.fromkeys((1, 6, 13, 14, 15), _CURVE_OF_SRGB),
        4: gamma(2.2),
        5: gamma(2.8),
        8: gamma(1),
    }
)
_EXPONENTS = 0.1, 10  # of a PNG, that make sense
_NEAR_SRGB = 0.45455  # what a PNG says that does not know a better word for sRGB
_BRIGHTEST = (b"cLLI", 0), (b"mDCV", 16)  # in 10,000ths of a candela
# What cameras mean that are set to Adobe RGB: DCF 2.0, "option file", and Adobe RGB (1998), 4.3.
_ADOBE_RGB = Primaries((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_CURVE_OF_ADOBE_RGB = gamma(563 / 256)
_EXIF, _COLOR_SPACE, _INTEROPERABILITY, _INDEX = 0x8769, 0xA001, 0xA005, 0x0001
_UNCALIBRATED, _OPTION_FILE = 0xFFFF, "R03"


def profile_of(data: bytes, format: SourceFormat, image: Image.Image) -> bytes | None:
    """Return the profile of an image that is open, None: it is in sRGB, or does not tell."""
    profile: bytes | None = image.info.get("icc_profile")
    if profile or image.mode in {"CMYK", "LAB"}:
        return profile
    match format:
        case "png":
            return _of_png(data, image.info)
        case "avif" | "heic":
            return _of_points(*heif.colors_of(data))
        case "jpg" if _is_option_file(image):
            return _of_curve(_ADOBE_RGB, _CURVE_OF_ADOBE_RGB)
        case _:
            return None


def _of_points(primaries: int, transfer: int, peak: float) -> bytes | None:
    """Return None for those that are not known here, too."""
    if primaries not in _PRIMARIES:
        return None
    if transfer in tone_mapping.CURVES:
        return tone_mapping.shown(_PRIMARIES[primaries], transfer, peak)
    if transfer in _CURVES:
        return _of_curve(_PRIMARIES[primaries], _CURVES[transfer])
    return None


@lru_cache(maxsize=64)
def _of_curve(primaries: Primaries, curve: Curve) -> bytes | None:
    """Return None for sRGB, and where there are no such colors."""
    if (primaries, curve) == (_BT709, _CURVE_OF_SRGB):
        return None
    try:
        return of_curve(primaries, curve)
    except (ArithmeticError, ValueError, struct.error):
        return None


def _of_png(data: bytes, info: dict[Any, Any]) -> bytes | None:
    """Take cICP, else gAMA with or without cHRM, unless there is sRGB, as browsers do."""
    told: dict[bytes, int] = {}
    for kind, at in takewhile(lambda chunk: chunk[0] != b"IDAT", png_chunks(data)):
        told.setdefault(kind, at)
    if b"cICP" in told:
        at = told[b"cICP"]
        return _of_points(data[at], data[at + 1], _peak_of_png(data, told))
    exponent, points = info.get("gamma"), info.get("chromaticity")
    if "srgb" in info or not exponent:
        return None
    least, most = _EXPONENTS
    if not least <= exponent <= most or (exponent == _NEAR_SRGB and not points):
        return None
    if not points:
        return _of_curve(_BT709, gamma(1 / exponent))
    white, red, green, blue = zip(points[::2], points[1::2], strict=True)
    return _of_curve(Primaries(red, green, blue, white), gamma(1 / exponent))


def _peak_of_png(data: bytes, told: Mapping[bytes, int]) -> float:
    """Return candelas of what is brightest, else of the screen that it was made on, else 0."""
    places = [told[kind] + offset for kind, offset in _BRIGHTEST if kind in told]
    levels = (int.from_bytes(data[at : at + 4], "big") / 10_000 for at in places)
    return next(filter(None, levels), 0)


def _is_option_file(image: Image.Image) -> bool:
    try:
        exif = exif_of(image)
        space = exif.get_ifd(_EXIF).get(_COLOR_SPACE)
        index = exif.get_ifd(_INTEROPERABILITY).get(_INDEX)
    except Exception:  # damaged metadata is no reason to refuse a good picture
        return False
    return (space, index) == (_UNCALIBRATED, _OPTION_FILE)
