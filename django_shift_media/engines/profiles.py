"""
The ICC profile of an image: the one that it carries, or one made of how it tells its colours else.

That is by code points (AVIF, HEIC, PNG: ITU-T H.273), by numbers (PNG) or, in a camera's JPEG, by a
word in EXIF. Curves of HDR are none of those that are known here.
"""

from types import MappingProxyType
from typing import Any

from PIL import Image

from django_shift_media.engines import heif
from django_shift_media.engines.credit import exif_of
from django_shift_media.engines.icc import Colours, Curve, gamma, written
from django_shift_media.engines.outlines import png_chunks
from django_shift_media.formats import SourceFormat

_D65 = (0.3127, 0.3290)
_BT709 = (0.640, 0.330), (0.300, 0.600), (0.150, 0.060)
_CURVE_OF_SRGB: Curve = 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045
_SRGB = Colours(*_BT709, _D65, _CURVE_OF_SRGB)
# By code points: H.273, tables 2 and 3. The curve of television is shown as that of sRGB.
_PRIMARIES = MappingProxyType(
    {
        1: _BT709,
        5: ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),
        6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
        9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
        12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
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
# What cameras mean that are set to Adobe RGB: DCF 2.0, "option file", and Adobe RGB (1998), 4.3.
_ADOBE_RGB = Colours((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65, gamma(563 / 256))
_EXIF, _COLOUR_SPACE, _INTEROPERABILITY, _INDEX = 0x8769, 0xA001, 0xA005, 0x0001
_UNCALIBRATED, _OPTION_FILE = 0xFFFF, "R03"


def profile_of(data: bytes, format: SourceFormat, image: Image.Image) -> bytes | None:
    """Return the profile of an image that is open, None: it is in sRGB, or does not tell."""
    profile: bytes | None = image.info.get("icc_profile")
    if profile or image.mode in {"CMYK", "LAB"}:
        return profile
    colours = _described(data, format, image)
    return None if colours is None or colours == _SRGB else written(colours)


def _described(data: bytes, format: SourceFormat, image: Image.Image) -> Colours | None:
    match format:
        case "png":
            return _of_png(data, image.info)
        case "avif" | "heic":
            return _of_points(*heif.colour_points(data))
        case "jpg" if _is_option_file(image):
            return _ADOBE_RGB
        case _:
            return None


def _of_points(primaries: int, transfer: int) -> Colours | None:
    """Return None for those that are not known here, too."""
    if primaries not in _PRIMARIES or transfer not in _CURVES:
        return None
    return Colours(*_PRIMARIES[primaries], _D65, _CURVES[transfer])


def _of_png(data: bytes, info: dict[Any, Any]) -> Colours | None:
    """Take cICP, else gAMA with or without cHRM, unless there is sRGB, as browsers do."""
    for kind, at in png_chunks(data):
        if kind == b"cICP":
            return _of_points(data[at], data[at + 1])
        if kind == b"IDAT":
            break
    exponent, points = info.get("gamma"), info.get("chromaticity")
    if "srgb" in info or not exponent:
        return None
    least, most = _EXPONENTS
    if not least <= exponent <= most or (exponent == _NEAR_SRGB and not points):
        return None
    if not points:
        return Colours(*_BT709, _D65, gamma(1 / exponent))
    white, red, green, blue = zip(points[::2], points[1::2], strict=True)
    return Colours(red, green, blue, white, gamma(1 / exponent))


def _is_option_file(image: Image.Image) -> bool:
    try:
        exif = exif_of(image)
        space = exif.get_ifd(_EXIF).get(_COLOUR_SPACE)
        index = exif.get_ifd(_INTEROPERABILITY).get(_INDEX)
    except Exception:  # damaged metadata is no reason to refuse a good picture
        return False
    return (space, index) == (_UNCALIBRATED, _OPTION_FILE)
