"""
How large an image claims to be, and in how many parts, before a decoder sees it.

While it opens a file, Pillow already takes up memory for a frame that is to be cleared (GIF) or a
canvas (WebP), unpacks every text (PNG) and walks through as many parts as there are; and it says
nothing of scans (JPEG), of the streams in boxes (AVIF) and of tiles that are missing (HEIC). What
is read here is no more than what is needed to refuse that.
"""

import re
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import NamedTuple

from django_shift_media.engines.decode import heif
from django_shift_media.engines.decode.sniff import format_of
from django_shift_media.exceptions import DAMAGED, FileTooLarge, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.formats import SourceFormat

# Chunks or blocks. No encoder cuts a picture of 100 MB into so many: each would have 100 bytes.
_PARTS = 1_000_000
# Cameras write about ten segments; a color profile or XMP may be spread over 255.
_JPEG_SEGMENTS = 1_000
_JPEG_HEADER = 20_000_000  # bytes before the first scan
# Each scan goes over all pixels again, and need not take more than a hundred bytes of the file.
# Encoders write about ten. Source: "Two Issues with the JPEG Standard", libjpeg-turbo.org.
_JPEG_SCANS = 100
# Pillow unpacks up to 1 MB of each.
_PNG_PACKED_TEXTS = 100

_SEGMENTS = _("The image has more than %(limit)s segments.")
_SCANS = _("The image has more than %(limit)s scans.")
_CHUNKS = _("The image has more than %(limit)s chunks.")
_BLOCKS = _("The image has more than %(limit)s blocks.")
_TEXTS = _("The image has more than %(limit)s packed texts.")


class HeaderInfo(NamedTuple):
    """
    The canvas in pixels, as it is stored, and the number of frames. What is damaged has 0.

    ``notes_follow`` says that metadata which tell how to show the picture come after it (PNG).
    """

    width: int
    height: int
    frames: int
    notes_follow: bool = False

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


def read_header(data: bytes) -> HeaderInfo | None:
    """
    Return what the file claims, None for formats that are not looked at.

    Raise ``FileTooLarge`` for more parts than a picture has, ``UnreadableImage`` where some are
    missing, or decoders would not agree on what they are.
    """
    format = format_of(data)
    read = _READERS.get(format) if format else None
    return read(data) if read else None


# A marker that is followed by its segment. In the data of a scan, which are skipped by this, an FF
# is followed by a zero or a restart. ITU-T T.81, B.1.1.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
# Pillow goes on right behind these, whatever else they may be.
_WITHOUT_SEGMENT = frozenset({0xC8, _END_OF_IMAGE, *range(0xF0, 0xFE)})
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = frozenset({0xC0, 0xC1})


def _jpeg(data: bytes) -> HeaderInfo:
    width = height = segments = scans = at = 0
    in_one_scan = 0  # components, of which a scan that has them all is the only one: T.81, 4.8
    while marker := _JPEG_MARKER.search(data, at):
        kind, at = marker[1][0], marker.end()
        if kind == _END_OF_IMAGE and scans:  # what follows is another picture, or none
            break
        if not scans and at > _JPEG_HEADER:
            raise FileTooLarge(
                _("More than %(limit)s bytes come before the picture."), limit=_JPEG_HEADER
            )
        if kind in _START_OF_FRAME:
            height, width = _big(data, at + 3, 2), _big(data, at + 5, 2)
            in_one_scan = _big(data, at + 7, 1) if kind in _SEQUENTIAL else 0
        segments += 1
        scans += kind == _START_OF_SCAN
        _check(segments, _JPEG_SEGMENTS, _SEGMENTS)
        _check(scans, _JPEG_SCANS, _SCANS)
        if kind == _START_OF_SCAN and in_one_scan == _big(data, at + 2, 1):
            break  # decoders take no other, and most of the file need not be looked at
        if kind not in _WITHOUT_SEGMENT:
            at += _big(data, at, 2)
    if not scans:
        raise UnreadableImage(DAMAGED, detail="it has a header only")
    return HeaderInfo(width, height, 1)


# EXIF, also as ImageMagick and ExifTool write it, XMP, and a color that is no longer in time.
_PNG_NOTES = re.compile(rb"eXIf|tRNS|(?:tEXt|zTXt|iTXt)(?:Raw profile type |XML:com\.adobe\.xmp)")


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield types of chunks, up to IEND, and where their data are: PNG, third edition, 5.3."""
    at = 8
    while (kind := data[at + 4 : at + 8]) not in {b"", b"IEND"}:
        yield kind, at + 8
        at += 12 + _big(data, at, 4)


def _png(data: bytes) -> HeaderInfo:
    """Look at chunks: PNG, third edition, 11.3."""
    texts = frames = 0
    has_pixels = notes_follow = False
    for parts, (kind, at) in enumerate(png_chunks(data), 1):
        texts += kind in {b"zTXt", b"iTXt", b"iCCP"}
        frames += kind == b"fcTL"
        has_pixels = has_pixels or kind == b"IDAT"
        notes_follow = notes_follow or (has_pixels and bool(_PNG_NOTES.match(data, at - 4)))
        _check(parts, _PARTS, _CHUNKS)
        _check(texts, _PNG_PACKED_TEXTS, _TEXTS)
    return HeaderInfo(_big(data, 16, 4), _big(data, 20, 4), max(frames, 1), notes_follow)


# How many sub-blocks an extension must have, by its label; where there are fewer, Pillow takes
# what comes next for them.
_GIF_COMMENT, _GIF_APPLICATION = 0xFE, 0xFF
_GIF_SUB_BLOCKS = MappingProxyType({_GIF_COMMENT: 0, _GIF_APPLICATION: 2})
_GIF_SUB_BLOCKS_ELSE = 1


def _gif(data: bytes) -> HeaderInfo:
    """Read blocks, most of which end in sub-blocks: GIF89a specification, 15 to 27."""
    width, height = _little(data, 6, 2), _little(data, 8, 2)
    at = 13 + _gif_table(data[10:11])
    parts = frames = 0
    while (kind := data[at : at + 1]) not in {b"", b";"}:
        at, parts = at + 1, parts + 1
        if kind == b"!":
            needed = _GIF_SUB_BLOCKS.get(_little(data, at, 1), _GIF_SUB_BLOCKS_ELSE)
            at, number = _gif_sub_blocks(data, at + 1)
            if number < needed:
                raise UnreadableImage(DAMAGED, detail="it has an empty extension")
            parts += number
        elif kind == b",":
            frames += 1
            # Where it does not lie on the canvas, that is widened.
            width = max(width, _little(data, at, 2) + _little(data, at + 4, 2))
            height = max(height, _little(data, at + 2, 2) + _little(data, at + 6, 2))
            at, number = _gif_sub_blocks(data, at + 10 + _gif_table(data[at + 8 : at + 9]))
            parts += number
        _check(parts, _PARTS, _BLOCKS)
    return HeaderInfo(width, height, max(frames, 1))


def _gif_sub_blocks(data: bytes, at: int) -> tuple[int, int]:
    """Return where they end, and how many there are (not many more than are allowed)."""
    number = 0
    while number <= _PARTS and at < len(data) and (length := data[at]):
        at, number = at + 1 + length, number + 1
    return at + 1, number


def _gif_table(flags: bytes) -> int:
    """Return the size of a color table in bytes, by the flags that announce it."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _webp(data: bytes) -> HeaderInfo:
    """Read RIFF chunks: type, length, data, padding. RFC 9649, 2.3 to 2.7."""
    parts = frames = 0
    at = 12
    while kind := data[at : at + 4]:
        parts += 1
        frames += kind == b"ANMF"
        _check(parts, _PARTS, _CHUNKS)
        length = _little(data, at + 4, 4)
        at += 8 + length + length % 2
    return HeaderInfo(*_webp_size(data), max(frames, 1))


def _webp_size(data: bytes) -> tuple[int, int]:
    """Read the header of the canvas or the only frame: RFC 9649, 2.7 and 3.4; RFC 6386, 9.1."""
    match data[12:16]:
        case b"VP8X":
            return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
        case b"VP8L":
            bits = _little(data, 21, 4)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case _:
            return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF


def _heif(data: bytes) -> HeaderInfo:
    return HeaderInfo(*heif.max_declared_size(data))


_READERS: MappingProxyType[SourceFormat, Callable[[bytes], HeaderInfo]] = MappingProxyType(
    {"jpg": _jpeg, "png": _png, "gif": _gif, "webp": _webp, "avif": _heif, "heic": _heif}
)


def _check(number: int, limit: int, message: str) -> None:
    if number > limit:
        raise FileTooLarge(message, limit=limit)


def _big(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "big")


def _little(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "little")
