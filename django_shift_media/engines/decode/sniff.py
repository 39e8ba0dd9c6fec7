"""Detect a file's format by its first bytes, whatever its name says, and whether it is accepted."""

import re
from types import MappingProxyType

from django_shift_media.engines.options import EngineOptions
from django_shift_media.exceptions import DAMAGED, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.formats import INPUT_FORMATS, SourceFormat

_SIGNATURES: MappingProxyType[SourceFormat, "re.Pattern[bytes]"] = MappingProxyType(
    {
        "jpg": re.compile(rb"\xff\xd8\xff"),
        "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
        "gif": re.compile(rb"GIF8[79]a"),
        "webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
        "tiff": re.compile(rb"II[*+]\0|MM\0[*+]"),
        "jxl": re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
        "bmp": re.compile(rb"BM"),
    }
)
# The brands of an "ftyp" box: ISO/IEC 14496-12, 4.3. AVIF files may have MIAF's "mif1" as well,
# so AVIF comes first.
_BRANDS: MappingProxyType[SourceFormat, frozenset[bytes]] = MappingProxyType(
    {
        "avif": frozenset({b"avif", b"avis"}),
        "heic": frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"}),
    }
)
_SVG = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:svg|[?!].{0,1000}?<svg)", re.DOTALL)
_JPEG_12_BIT_FRAME = re.compile(rb"\xff[\xc0-\xc2]..\x0c", re.DOTALL)
_SEARCHED_BYTES = 100_000


def require_accepted_format(data: bytes, options: EngineOptions) -> SourceFormat:
    """Return the format of a file, or raise ``UnreadableImage`` if it is not accepted."""
    format = sniff_format(data)
    if format and format in options.formats:
        return format
    raise unaccepted_file_error(data, options)


def unaccepted_file_error(data: bytes, options: EngineOptions) -> UnreadableImage:
    """Return the error for a file that is not accepted, or that no decoder can open."""
    accepted = ", ".join(INPUT_FORMATS[format].name for format in options.formats)
    format = sniff_format(data)
    if format == "jpg" and _JPEG_12_BIT_FRAME.search(data, 0, _SEARCHED_BYTES):
        return UnreadableImage(_("This is a 12-bit JPEG; only 8-bit JPEGs are supported."))
    if format and format not in options.formats:
        name = INPUT_FORMATS[format].name
        message = _("%(name)s images are not accepted. Accepted formats: %(accepted)s.")
        return UnreadableImage(message, name=name, accepted=accepted)
    # The signature of BMP is only two letters, with which a text may start, too.
    if format and format != "bmp":
        return UnreadableImage(DAMAGED, detail="its header cannot be read")
    if _SVG.match(data):
        message = _(
            "SVG files are not accepted, as they can contain scripts."
            " Accepted formats: %(accepted)s."
        )
        return UnreadableImage(message, accepted=accepted)
    message = _("This is not an image in an accepted format. Accepted formats: %(accepted)s.")
    return UnreadableImage(message, accepted=accepted)


def sniff_format(data: bytes) -> SourceFormat | None:
    """Return the format that the first bytes stand for, accepted or not; None if unknown."""
    for format, signature in _SIGNATURES.items():
        if signature.match(data):
            return format
    if data[4:8] != b"ftyp":
        return None
    size = int.from_bytes(data[:4], "big")
    brands = {data[offset : offset + 4] for offset in (8, *range(16, min(size, 1_000), 4))}
    return next((format for format, known in _BRANDS.items() if brands & known), None)
