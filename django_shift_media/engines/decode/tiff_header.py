"""The first directory of a TIFF file. Sections are those of TIFF 6.0; BigTIFF has longer fields."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from types import MappingProxyType
from typing import Literal, NamedTuple

from django_shift_media.engines.decode.header import HeaderInfo, check_count
from django_shift_media.engines.decode.limits import MIN_PART_PIXELS, work_per_raw_pixel
from django_shift_media.exceptions import gettext_noop as _

# Cameras and scanners write less than a hundred.
_MAX_TAGS = 1_000
_TOO_MANY_TAGS = _("The image has more than %(limit)s tags.")

_BIG_TIFF = 43  # the version number
# The length of a value, by its type: 2.
_LENGTHS = MappingProxyType({3: 2, 4: 4, 16: 8})
_WIDTH, _LENGTH = 0x0100, 0x0101
_BITS_PER_SAMPLE, _SAMPLES_PER_PIXEL = 0x0102, 0x0115
_STRIP_OFFSETS, _TILE_OFFSETS = 0x0111, 0x0144


class _Entry(NamedTuple):
    """A tag, the number of its values, and the first value."""

    tag: int
    number: int
    value: int


def read_tiff_header(data: bytes) -> HeaderInfo:
    """
    Return the size of the first picture, with its strips or tiles as work.

    Further pictures are pages, which are not decoded. Raise ``FileTooLarge`` for too many tags.
    """
    width = height = pieces = bits = samples = 0
    # Decoders disagree about which of two equal tags is valid.
    for entry in _iter_entries(data):
        if entry.tag == _WIDTH:
            width = max(width, entry.value)
        elif entry.tag == _LENGTH:
            height = max(height, entry.value)
        elif entry.tag in {_STRIP_OFFSETS, _TILE_OFFSETS}:
            pieces = max(pieces, entry.number)
        elif entry.tag == _BITS_PER_SAMPLE:
            bits = max(bits, entry.value)
        elif entry.tag == _SAMPLES_PER_PIXEL:
            samples = max(samples, entry.value)
    work_per_pixel = work_per_raw_pixel(bits * max(samples, 1))
    work = pieces * MIN_PART_PIXELS if pieces > 1 else 0
    return HeaderInfo(width, height, 1, work=work, work_per_pixel=work_per_pixel)


def _iter_entries(data: bytes) -> Iterator[_Entry]:
    """Yield the entries of the first directory, as far as the file contains them."""
    byte_order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
    order = "<" if byte_order == "little" else ">"
    is_big = int.from_bytes(data[2:4], byte_order) == _BIG_TIFF
    word, count = ("Q", "Q") if is_big else ("I", "H")
    row = struct.Struct(f"{order}HH{word}{struct.calcsize(word)}s")
    with suppress(struct.error):  # the file ends
        (offset,) = struct.unpack_from(f"{order}{word}", data, 8 if is_big else 4)
        (tags,) = struct.unpack_from(f"{order}{count}", data, offset)
        check_count(tags, _MAX_TAGS, _TOO_MANY_TAGS)
        for n in range(tags):
            start = offset + struct.calcsize(f"{order}{count}") + n * row.size
            tag, kind, number, stored = row.unpack_from(data, start)
            length = _LENGTHS.get(kind, 0)
            if number * length > len(stored):  # only their place is stored in the entry
                place = int.from_bytes(stored, byte_order)
                stored = data[place : place + length]
            yield _Entry(tag, number, int.from_bytes(stored[:length], byte_order))
