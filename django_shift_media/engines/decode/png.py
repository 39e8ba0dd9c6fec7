"""The header of a PNG file. Sections are those of PNG, third edition."""

import re

from django_shift_media.engines.decode.header import HeaderInfo, check_count, read_big_endian
from django_shift_media.engines.decode.limits import work_per_raw_pixel
from django_shift_media.engines.decode.png_chunks import iter_chunks
from django_shift_media.exceptions import gettext_noop as _

# No encoder splits an image into this many chunks: in 100 MB, each would have a kilobyte. Pillow
# visits each of them, which takes some microseconds.
_MAX_CHUNKS = 100_000
# Pillow decompresses up to 1 MB of each.
_MAX_COMPRESSED_TEXTS = 100

_TOO_MANY_CHUNKS = _("The image has more than %(limit)s chunks.")
_TOO_MANY_TEXTS = _("The image has more than %(limit)s compressed texts.")

_BIT_DEPTH_OFFSET, _COLOR_TYPE_OFFSET = 24, 25
# EXIF (also as ImageMagick and ExifTool write it), XMP, and a transparent color in the wrong place.
_METADATA = re.compile(rb"eXIf|tRNS|(?:tEXt|zTXt|iTXt)(?:Raw profile type |XML:com\.adobe\.xmp)")


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
