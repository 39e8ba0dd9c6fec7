"""
The codestream in a JPEG XL file, and the size of the image, from its header.

The plugin for Pillow decodes all pixels when it opens a file, which is too late for a limit. Seen
with pillow-jxl-plugin 1.3; Pillow's own reader is https://github.com/python-pillow/Pillow/pull/7848.
"""

from django_shift_media.engines.decode.header import read_big_endian
from django_shift_media.engines.decode.isobmff import BoxReader
from django_shift_media.exceptions import DAMAGED, UnreadableImage

# Width to height, by a field of three bits; with 0, the width is stored on its own.
_ASPECT_RATIOS = (None, (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIDE_BITS = (9, 13, 18, 30)  # of a side that is not stored in units of 8 pixels
_CODESTREAM_SIGNATURE = b"\xff\x0a"
_MAX_SIZE_HEADER = 30  # bytes
_PARTIAL_HEADER = 4  # bytes of the index of a part of the codestream


def jpegxl_size(data: bytes) -> tuple[int, int]:
    """Return width and height as stored: ISO/IEC 18181-1, SizeHeader."""
    start = len(_CODESTREAM_SIGNATURE)
    bits = _BitReader(_codestream(data)[start : start + _MAX_SIZE_HEADER])
    is_small = bits.read(1)
    height = _read_side(bits, is_small)
    ratio = _ASPECT_RATIOS[bits.read(3)]
    width = height * ratio[0] // ratio[1] if ratio else _read_side(bits, is_small)
    return width, height


def read_codestream(data: bytes, boxes: BoxReader) -> bytes:
    """Return the codestream, whose parts are in boxes or which is the whole file: 18181-2, 9."""
    if data.startswith(_CODESTREAM_SIGNATURE):
        return data
    parts = []
    for kind, body in boxes.iter_boxes(boxes.file):
        if kind == b"jxlc":
            parts.append(body)
        elif kind == b"jxlp":
            parts.append(body[_PARTIAL_HEADER:])
    return b"".join(parts)


def _read_side(bits: "_BitReader", is_small: int) -> int:
    if is_small:
        return 8 * (bits.read(5) + 1)
    return bits.read(_SIDE_BITS[bits.read(2)]) + 1


def _codestream(data: bytes) -> bytes:
    """Return the codestream from its first box on: ISO/IEC 18181-2, 9."""
    offset = 0
    while not data.startswith(_CODESTREAM_SIGNATURE, offset):
        length, kind = (
            int.from_bytes(data[offset : offset + 4], "big"),
            data[offset + 4 : offset + 8],
        )
        start = offset + 8
        if length == 1:
            length, start = read_big_endian(data, start, 8), offset + 16
        if kind in {b"jxlc", b"jxlp"}:
            offset = start + 4 * (kind == b"jxlp")  # a partial codestream has an index first
            break
        if length < 8:
            break
        offset += length
    if not data.startswith(_CODESTREAM_SIGNATURE, offset):
        raise UnreadableImage(DAMAGED, detail="it contains only a container")
    return data[offset:]


class _BitReader:
    """Read bits, the least significant bit of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data, "little")

    def read(self, number: int) -> int:
        value = self._rest & (1 << number) - 1
        self._rest >>= number
        return value
