"""The blocks of a GIF file. Sections are those of the GIF89a specification."""

from collections.abc import Iterator
from types import MappingProxyType

from django_shift_media.engines.decode.header import HeaderInfo, check_count, read_little_endian
from django_shift_media.exceptions import DAMAGED, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _

# No encoder splits an image into this many blocks: in 100 MB, each would have 100 bytes.
_MAX_BLOCKS = 1_000_000
_TOO_MANY_BLOCKS = _("The image has more than %(limit)s blocks.")

_EXTENSION, _IMAGE, _TRAILER = b"!", b",", b";"
HEADER_LENGTH, _IMAGE_DESCRIPTOR_LENGTH = 13, 10
_COMMENT, _APPLICATION = 0xFE, 0xFF
# How many sub-blocks Pillow reads without looking for the end of the extension, by its label; it
# takes the next block for a sub-block that is missing. Fixed for comments only:
# https://github.com/python-pillow/Pillow/issues/1718. Seen with Pillow 13.0.
_REQUIRED_SUB_BLOCKS = MappingProxyType({_COMMENT: 0, _APPLICATION: 2})
_DEFAULT_REQUIRED_SUB_BLOCKS = 1


def read_gif_header(data: bytes) -> HeaderInfo:
    """
    Return the size of the canvas and the number of frames: 15 to 27.

    Raise ``FileTooLarge`` for too many blocks, ``UnreadableImage`` for an extension without data.
    """
    width, height = read_little_endian(data, 6, 2), read_little_endian(data, 8, 2)
    frames = 0
    for start, _end in iter_blocks(data):
        if data[start : start + 1] == _IMAGE:
            frames += 1
            right, bottom = _frame_corner(data, start)
            # Each frame is decoded at its own size, also where it exceeds the canvas.
            width, height = max(width, right), max(height, bottom)
    return HeaderInfo(width, height, max(frames, 1))


def iter_blocks(data: bytes) -> Iterator[tuple[int, int]]:
    """
    Yield the offset of each extension and of each image, and the offset after it.

    Bytes between blocks are skipped. Raise as ``read_gif_header()`` does.
    """
    offset = HEADER_LENGTH + color_table_length(data[10:11])
    blocks = 0
    while (kind := data[offset : offset + 1]) not in {b"", _TRAILER}:
        start, sub_blocks = offset, 0
        if kind == _EXTENSION:
            offset, sub_blocks = _skip_extension(data, offset)
        elif kind == _IMAGE:
            offset, sub_blocks = _skip_image(data, offset)
        else:
            offset += 1
        blocks += 1 + sub_blocks
        check_count(blocks, _MAX_BLOCKS, _TOO_MANY_BLOCKS)
        if kind in {_EXTENSION, _IMAGE}:
            yield start, offset


def _skip_extension(data: bytes, offset: int) -> tuple[int, int]:
    """Return the offset of the next block, and the number of sub-blocks."""
    label = read_little_endian(data, offset + 1, 1)
    offset, sub_blocks = _skip_sub_blocks(data, offset + 2)
    if sub_blocks < _REQUIRED_SUB_BLOCKS.get(label, _DEFAULT_REQUIRED_SUB_BLOCKS):
        raise UnreadableImage(DAMAGED, detail="it has an empty extension")
    return offset, sub_blocks


def _skip_image(data: bytes, offset: int) -> tuple[int, int]:
    """Return the offset of the next block, and the number of sub-blocks."""
    color_table = color_table_length(data[offset + 9 : offset + 10])
    # One more byte before the sub-blocks: the minimum code size.
    return _skip_sub_blocks(data, offset + _IMAGE_DESCRIPTOR_LENGTH + color_table + 1)


def _frame_corner(data: bytes, offset: int) -> tuple[int, int]:
    """Return the right and the bottom edge of a frame on the canvas."""
    left, top, width, height = (
        read_little_endian(data, offset + field, 2) for field in (1, 3, 5, 7)
    )
    return left + width, top + height


def _skip_sub_blocks(data: bytes, offset: int) -> tuple[int, int]:
    """Return the offset after the sub-blocks, and their number; stop soon after the limit."""
    number = 0
    while number <= _MAX_BLOCKS and offset < len(data) and (length := data[offset]):
        offset, number = offset + 1 + length, number + 1
    return offset + 1, number


def color_table_length(flags: bytes) -> int:
    """Return the length of a color table in bytes, from the flags in front of it."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0
