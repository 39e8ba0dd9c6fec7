"""What a file is by its first bytes, whatever it calls itself; and whether that is accepted."""

import re
from types import MappingProxyType

from django_shift_media.engines.options import EngineOptions
from django_shift_media.exceptions import DAMAGED, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.formats import INPUT_FORMATS, SourceFormat

_MAGIC: MappingProxyType[SourceFormat, "re.Pattern[bytes]"] = MappingProxyType(
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
# ISO/IEC 14496-12, 4.3: a file names the formats that it keeps to. MIAF's "mif1" is both.
_BRANDS: MappingProxyType[SourceFormat, frozenset[bytes]] = MappingProxyType(
    {
        "avif": frozenset({b"avif", b"avis"}),
        "heic": frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"}),
    }
)
_SVG = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:svg|[?!].{0,1000}?<svg)", re.DOTALL)
_TWELVE_BITS = re.compile(rb"\xff[\xc0-\xc2]..\x0c", re.DOTALL)  # the start of a JPEG's frame


def accepted_format(data: bytes, options: EngineOptions) -> SourceFormat:
    """Return the format of a file, or raise ``UnreadableImage`` for one that is not accepted."""
    format = format_of(data)
    if format and format in options.formats:
        return format
    raise not_accepted(data, options)


def not_accepted(data: bytes, options: EngineOptions) -> UnreadableImage:
    """Return what to raise for a file that is not accepted, or that no decoder takes."""
    accepted = ", ".join(INPUT_FORMATS[format].name for format in options.formats)
    format = format_of(data)
    if format == "jpg" and _TWELVE_BITS.search(data, 0, 100_000):
        return UnreadableImage(_("This is a JPEG of 12 bits, only those of 8 bits can be read."))
    if format and format not in options.formats:
        name = INPUT_FORMATS[format].name
        message = _("This is an image in the format %(name)s, accepted are %(accepted)s.")
        return UnreadableImage(message, name=name, accepted=accepted)
    if format and format != "bmp":  # whose two letters say little
        return UnreadableImage(DAMAGED, detail="its header cannot be read")
    if _SVG.match(data):
        message = _("This is SVG, which may hold scripts; accepted are %(accepted)s.")
        return UnreadableImage(message, accepted=accepted)
    return UnreadableImage(
        _("This is not one of the accepted image formats: %(accepted)s."), accepted=accepted
    )


def format_of(data: bytes) -> SourceFormat | None:
    """Return what the first bytes say, accepted or not; None: no format that we know."""
    for format, magic in _MAGIC.items():
        if magic.match(data):
            return format
    if data[4:8] != b"ftyp":
        return None
    size = int.from_bytes(data[:4], "big")
    brands = {data[at : at + 4] for at in (8, *range(16, min(size, 1_000), 4))}
    return next((format for format, known in _BRANDS.items() if brands & known), None)
