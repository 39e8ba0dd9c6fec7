"""
The codestream in a JPEG XL file, and the size of the image, from its header.

The plugin for Pillow decodes all pixels when it opens a file, which is too late for a limit. Seen
with pillow-jxl-plugin 1.3; Pillow's own reader is https://github.com/python-pillow/Pillow/pull/7848.
"""

from django_shift_media.engines.decode.isobmff import BoxReader
from django_shift_media.engines.decode.jpegxl_bits import JpegXlBitReader
from django_shift_media.exceptions import DAMAGED, UnreadableImage

# Width to height, by a field of three bits; with 0, the width is stored on its own.
_ASPECT_RATIOS = (None, (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIDE = ((9, 1), (13, 1), (18, 1), (30, 1))
_SIGNATURE = b"\xff\x0a"
_PARTIAL_HEADER = 4  # bytes of the index of a part of the codestream


def jpegxl_size(data: bytes) -> tuple[int, int]:
    """Return width and height as stored: ISO/IEC 18181-1, SizeHeader."""
    bits = JpegXlBitReader(read_codestream(data, BoxReader(data)))
    bits.skip(8 * len(_SIGNATURE))
    is_small = bits.read_bool()
    height = _read_side(bits, is_small)
    ratio = _ASPECT_RATIOS[bits.read(3)]
    width = height * ratio[0] // ratio[1] if ratio else _read_side(bits, is_small)
    return width, height


def _read_side(bits: JpegXlBitReader, is_small: bool) -> int:
    return 8 * (bits.read(5) + 1) if is_small else bits.read_u32(*_SIDE)


def read_codestream(data: bytes, boxes: BoxReader) -> bytes:
    """Return the codestream, whose parts are in boxes or which is the whole file: 18181-2, 9."""
    if data.startswith(_SIGNATURE):
        return data
    parts = []
    for kind, body in boxes.iter_boxes(boxes.file):
        if kind == b"jxlc":
            parts.append(body)
        elif kind == b"jxlp":
            parts.append(body[_PARTIAL_HEADER:])
    codestream = b"".join(parts)
    if not codestream.startswith(_SIGNATURE):
        raise UnreadableImage(DAMAGED, detail="it contains only a container")
    return codestream
