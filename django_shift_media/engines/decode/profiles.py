"""
The ICC profile of an image: embedded, or built from how the file describes its colors otherwise.

That description is a set of code points (AVIF, HEIC, PNG: ITU-T H.273), numbers (PNG), or a tag in
the EXIF metadata of a camera's JPEG.
"""

from PIL import ExifTags, Image
from PIL.JpegImagePlugin import JpegImageFile

from django_shift_media.engines.color.colorimetry import Primaries
from django_shift_media.engines.color.icc import gamma_curve
from django_shift_media.engines.color.icc_structure import is_complete
from django_shift_media.engines.color.tone_mapping import HDR_CURVES
from django_shift_media.engines.decode import heif
from django_shift_media.engines.decode.bmp import read_bmp_profile
from django_shift_media.engines.decode.code_points import (
    HEIF_CURVES,
    PRIMARIES,
    profile_from_code_points,
    profile_from_primaries,
)
from django_shift_media.engines.decode.jpeg_profile import join_profile
from django_shift_media.engines.decode.png_color import read_png_profile
from django_shift_media.engines.exif import read_exif
from django_shift_media.naming.formats import SourceFormat

_BT709, _SRGB = 1, 13  # code points
# Adobe RGB, which cameras declare as "option file": DCF 2.0, and Adobe RGB (1998), 4.3.
_ADOBE_RGB = Primaries((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_ADOBE_RGB_CURVE = gamma_curve(563 / 256)
_INTEROPERABILITY_INDEX = 0x0001  # an EXIF tag
_UNCALIBRATED, _OPTION_FILE = 0xFFFF, "R03"


def read_profile(data: bytes, format: SourceFormat, image: Image.Image) -> bytes | None:
    """Return the ICC profile of an open image, None for sRGB and for unspecified colors."""
    profile = _embedded_profile(data, image)
    if format == "png":
        return read_png_profile(data, profile)
    if profile or image.mode in {"CMYK", "LAB"}:
        return profile
    match format:
        case "avif" | "heic":
            return _profile_of_heif(*heif.read_color_info(data))
        case "jpg" if _is_adobe_rgb(image):
            return profile_from_primaries(_ADOBE_RGB, _ADOBE_RGB_CURVE)
        case _:
            return None


def _profile_of_heif(primaries: int, transfer: int, peak: float) -> bytes | None:
    """Take unspecified and unknown code points for those of BT.709 and of sRGB."""
    primaries = primaries if primaries in PRIMARIES else _BT709
    is_known = transfer in HEIF_CURVES or transfer in HDR_CURVES
    return profile_from_code_points(primaries, transfer if is_known else _SRGB, peak, HEIF_CURVES)


def _embedded_profile(data: bytes, image: Image.Image) -> bytes | None:
    """Return the ICC profile in the file, None if it is incomplete."""
    profile: bytes | None = image.info.get("icc_profile")
    if isinstance(image, JpegImageFile):
        profile = join_profile(image.applist)
    if image.format == "BMP":
        profile = read_bmp_profile(data)
    return profile if profile and is_complete(profile) else None


def _is_adobe_rgb(image: Image.Image) -> bool:
    try:
        exif = read_exif(image)
        space = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.ColorSpace)
        index = exif.get_ifd(ExifTags.IFD.Interop).get(_INTEROPERABILITY_INDEX)
    except Exception:  # damaged metadata are no reason to refuse an image
        return False
    return (space, index) == (_UNCALIBRATED, _OPTION_FILE)
