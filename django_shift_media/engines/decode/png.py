"""The header and the chunks of a PNG file. Sections are those of PNG, third edition."""

import re
from collections.abc import Iterator

from PIL import Image

from django_shift_media.engines.decode.header import HeaderInfo, check_count, read_big_endian
from django_shift_media.engines.decode.limits import work_per_raw_pixel
from django_shift_media.exceptions import gettext_noop as _

# No encoder splits an image into this many chunks: in 100 MB, each would have a kilobyte. Pillow
# visits each of them, which takes some microseconds.
_MAX_CHUNKS = 100_000
# Pillow decompresses up to 1 MB of each.
_MAX_COMPRESSED_TEXTS = 100

_TOO_MANY_CHUNKS = _("The image has more than %(limit)s chunks.")
_TOO_MANY_TEXTS = _("The image has more than %(limit)s compressed texts.")

_SIGNATURE_LENGTH = 8
_BIT_DEPTH_OFFSET, _COLOR_TYPE_OFFSET = 24, 25
# EXIF (also as ImageMagick and ExifTool write it), XMP, and a transparent color in the wrong place.
_METADATA = re.compile(rb"eXIf|tRNS|(?:tEXt|zTXt|iTXt)(?:Raw profile type |XML:com\.adobe\.xmp)")


def iter_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the type of each chunk before IEND, and the offset of its data: 5.3."""
    offset = _SIGNATURE_LENGTH
    while (kind := data[offset + 4 : offset + 8]) not in {b"", b"IEND"}:
        yield kind, offset + 8
        offset += 12 + read_big_endian(data, offset, 4)


def read_png_header(data: bytes) -> HeaderInfo:
    """
    Return the size, the number of frames, and whether metadata follow the pixels: 11.2 and 11.3.

    Raise ``FileTooLarge`` for too many chunks or compressed texts.
    """
    texts = frames = 0
    has_pixels = has_trailing_metadata = False
    for chunks, (kind, offset) in enumerate(iter_chunks(data), 1):
        texts += kind in {b"zTXt", b"iTXt", b"iCCP"}
        frames += kind == b"fcTL"
        has_pixels = has_pixels or kind == b"IDAT"
        has_trailing_metadata = has_trailing_metadata or (
            has_pixels and bool(_METADATA.match(data, offset - 4))
        )
        check_count(chunks, _MAX_CHUNKS, _TOO_MANY_CHUNKS)
        check_count(texts, _MAX_COMPRESSED_TEXTS, _TOO_MANY_TEXTS)
    width, height = read_big_endian(data, 16, 4), read_big_endian(data, 20, 4)
    frames = max(frames, 1)
    bits = read_big_endian(data, _BIT_DEPTH_OFFSET, 1) * _channels(data)
    if frames > 1:  # of which only half as many pixels are accepted
        bits //= 2
    work = work_per_raw_pixel(bits)
    return HeaderInfo(width, height, frames, has_trailing_metadata, work_per_pixel=work)


def _channels(data: bytes) -> int:
    """Return the number of channels by the type of the colors: 11.2.1."""
    return {2: 3, 4: 2, 6: 4}.get(read_big_endian(data, _COLOR_TYPE_OFFSET, 1), 1)


def scale_transparent_color(image: Image.Image, data: bytes) -> None:
    """
    Scale the transparent color of a PNG to the 8 bits to which Pillow scales its pixels.

    Pillow leaves the color as the file has it. Only 1-bit images were fixed:
    https://github.com/python-pillow/Pillow/issues/9281. Grayscale of 2 and 4 bits, and RGB of 16
    bits, still need this in Pillow 13.0.
    """
    depth, color = data[_BIT_DEPTH_OFFSET], image.info.get("transparency")
    if image.mode == "RGB" and depth == 16 and color:
        image.info["transparency"] = tuple(component >> 8 for component in color)
    if image.mode == "L" and depth < 8 and isinstance(color, int):
        image.info["transparency"] = color * 255 // (2**depth - 1)
