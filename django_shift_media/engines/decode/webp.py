"""The chunks of a WebP file. Sections are those of RFC 9649, if not said otherwise."""

from django_shift_media.engines.decode.header import HeaderInfo, check_count, read_little_endian
from django_shift_media.exceptions import gettext_noop as _

# No encoder splits an image into this many chunks: in 100 MB, each would have a kilobyte.
_MAX_CHUNKS = 100_000
_TOO_MANY_CHUNKS = _("The image has more than %(limit)s chunks.")


def read_webp_header(data: bytes) -> HeaderInfo:
    """
    Return the size of the canvas and the number of frames: 2.3 to 2.7.

    Raise ``FileTooLarge`` for too many chunks.
    """
    chunks = frames = 0
    offset = 12
    while kind := data[offset : offset + 4]:
        chunks += 1
        frames += kind == b"ANMF"
        check_count(chunks, _MAX_CHUNKS, _TOO_MANY_CHUNKS)
        length = read_little_endian(data, offset + 4, 4)
        offset += 8 + length + length % 2
    return HeaderInfo(*_canvas_size(data), max(frames, 1))


def _canvas_size(data: bytes) -> tuple[int, int]:
    """Read the header of the canvas, or of the only frame: 2.7 and 3.4; RFC 6386, 9.1."""
    match data[12:16]:
        case b"VP8X":
            return read_little_endian(data, 24, 3) + 1, read_little_endian(data, 27, 3) + 1
        case b"VP8L":
            bits = read_little_endian(data, 21, 4)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case _:
            width, height = read_little_endian(data, 26, 2), read_little_endian(data, 28, 2)
            return width & 0x3FFF, height & 0x3FFF
