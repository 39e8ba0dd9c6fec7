"""What a file is by its first bytes, whatever it calls itself; and whether that is accepted."""

import re
from types import MappingProxyType

from django_shift_media.conf import conf
from django_shift_media.exceptions import UnreadableImage
from django_shift_media.formats import SOURCES, SourceFormat

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


def accepted_format(data: bytes) -> SourceFormat:
    """Return the format of a file, or raise ``UnreadableImage`` for one that is not accepted."""
    format = _format_of(data)
    if format and format in conf.formats:
        return format
    raise not_accepted(data)


def not_accepted(data: bytes) -> UnreadableImage:
    """Return what to raise for a file that is none of the accepted formats, or only looks so."""
    names = [SOURCES[format].name for format in conf.formats]
    wanted = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return UnreadableImage(f"This is not a {wanted} image.{_what_it_is(data)}")


def _what_it_is(data: bytes) -> str:
    format = _format_of(data)
    if format == "jpg" and _TWELVE_BITS.search(data, 0, 100_000):
        return " It is a JPEG of 12 bits, only 8 can be read."
    if format and format not in conf.formats:
        return f" It is {SOURCES[format].name}."
    if _SVG.match(data):
        return " It is SVG, which may hold scripts."
    return ""


def _format_of(data: bytes) -> SourceFormat | None:
    for format, magic in _MAGIC.items():
        if magic.match(data):
            return format
    if data[4:8] != b"ftyp":
        return None
    size = int.from_bytes(data[:4], "big")
    brands = {data[at : at + 4] for at in (8, *range(16, min(size, 1_000), 4))}
    return next((format for format, known in _BRANDS.items() if brands & known), None)
