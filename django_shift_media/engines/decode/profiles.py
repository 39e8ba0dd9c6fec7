"""
The ICC profile of an image: embedded, or built from how the file describes its colors otherwise.

That description is a set of code points (AVIF, HEIC, PNG: ITU-T H.273), numbers (PNG), or a tag in
the EXIF metadata of a camera's JPEG.
"""

import struct
from collections.abc import Mapping
from functools import lru_cache
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from PIL import ExifTags, Image

from django_shift_media.engines.color import tone_mapping
from django_shift_media.engines.color.colorimetry import Primaries
from django_shift_media.engines.color.icc import Curve, gamma_curve, matrix_profile
from django_shift_media.engines.decode import heif
from django_shift_media.engines.decode.png import iter_chunks
from django_shift_media.engines.exif import read_exif
from django_shift_media.naming.formats import SourceFormat

_BT709 = Primaries((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_SRGB_CURVE: Curve = 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045
# By code points of H.273, tables 2 and 3. Browsers treat the curve of BT.709 as that of sRGB.
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
        **dict.fromkeys((1, 6, 13, 14, 15), _SRGB_CURVE),
        4: gamma_curve(2.2),
        5: gamma_curve(2.8),
        8: gamma_curve(1),
    }
)
_MIN_PNG_GAMMA, _MAX_PNG_GAMMA = 0.1, 10
_PNG_GAMMA_OF_SRGB = 0.45455  # written by encoders that do not write an sRGB chunk
# PNG chunks with a maximum luminance, and the offset of that field, in 1/10,000 cd/m².
_PNG_PEAKS = (b"cLLI", 0), (b"mDCV", 16)
# Adobe RGB, which cameras declare as "option file": DCF 2.0, and Adobe RGB (1998), 4.3.
_ADOBE_RGB = Primaries((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_ADOBE_RGB_CURVE = gamma_curve(563 / 256)
_INTEROPERABILITY_INDEX = 0x0001  # an EXIF tag
_UNCALIBRATED, _OPTION_FILE = 0xFFFF, "R03"


def read_profile(data: bytes, format: SourceFormat, image: Image.Image) -> bytes | None:
    """Return the ICC profile of an open image, None for sRGB and for unspecified colors."""
    profile: bytes | None = image.info.get("icc_profile")
    if profile or image.mode in {"CMYK", "LAB"}:
        return profile
    match format:
        case "png":
            return _profile_of_png(data, image.info)
        case "avif" | "heic":
            return _profile_from_code_points(*heif.read_color_info(data))
        case "jpg" if _is_adobe_rgb(image):
            return _matrix_profile(_ADOBE_RGB, _ADOBE_RGB_CURVE)
        case _:
            return None


def _profile_from_code_points(primaries: int, transfer: int, peak: float) -> bytes | None:
    """Return None for unknown code points, too."""
    if primaries not in _PRIMARIES:
        return None
    if transfer in tone_mapping.HDR_CURVES:
        return tone_mapping.tone_mapping_profile(_PRIMARIES[primaries], transfer, peak)
    if transfer in _CURVES:
        return _matrix_profile(_PRIMARIES[primaries], _CURVES[transfer])
    return None


@lru_cache(maxsize=64)
def _matrix_profile(primaries: Primaries, curve: Curve) -> bytes | None:
    """Return None for sRGB, and for numbers that describe no possible colors."""
    if (primaries, curve) == (_BT709, _SRGB_CURVE):
        return None
    try:
        return matrix_profile(primaries, curve)
    except (ArithmeticError, ValueError, struct.error):
        return None


def _profile_of_png(data: bytes, info: dict[Any, Any]) -> bytes | None:
    """Use cICP, or else sRGB, or else gAMA with or without cHRM: the precedence in browsers."""
    offsets: dict[bytes, int] = {}
    for kind, offset in takewhile(lambda chunk: chunk[0] != b"IDAT", iter_chunks(data)):
        offsets.setdefault(kind, offset)
    if b"cICP" in offsets:
        cicp = offsets[b"cICP"]
        return _profile_from_code_points(data[cicp], data[cicp + 1], _png_peak(data, offsets))
    if "srgb" in info:
        return None
    return _profile_from_gamma(info.get("gamma"), info.get("chromaticity"))


def _profile_from_gamma(
    gamma: float | None, chromaticities: tuple[float, ...] | None
) -> bytes | None:
    """Return None if there is no gamma, or one that makes no sense."""
    if not gamma or not _MIN_PNG_GAMMA <= gamma <= _MAX_PNG_GAMMA:
        return None
    if not chromaticities:
        is_srgb = gamma == _PNG_GAMMA_OF_SRGB
        return None if is_srgb else _matrix_profile(_BT709, gamma_curve(1 / gamma))
    white, red, green, blue = zip(chromaticities[::2], chromaticities[1::2], strict=True)
    return _matrix_profile(Primaries(red, green, blue, white), gamma_curve(1 / gamma))


def _png_peak(data: bytes, offsets: Mapping[bytes, int]) -> float:
    """Return the maximum luminance of the content, else of the mastering display, else 0."""
    fields = [offsets[kind] + field for kind, field in _PNG_PEAKS if kind in offsets]
    levels = (int.from_bytes(data[field : field + 4], "big") / 10_000 for field in fields)
    return next(filter(None, levels), 0)


def _is_adobe_rgb(image: Image.Image) -> bool:
    try:
        exif = read_exif(image)
        space = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.ColorSpace)
        index = exif.get_ifd(ExifTags.IFD.Interop).get(_INTEROPERABILITY_INDEX)
    except Exception:  # damaged metadata are no reason to refuse an image
        return False
    return (space, index) == (_UNCALIBRATED, _OPTION_FILE)
