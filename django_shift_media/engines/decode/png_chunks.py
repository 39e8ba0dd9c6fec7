"""
The chunks of a PNG file, and which of them are valid. Sections: PNG, third edition.

A decoder that meets an invalid chunk should go on if the image can be shown without it (13.2), as
browsers do. Pillow refuses the file.
"""

import zlib
from collections.abc import Callable, Iterator
from types import MappingProxyType

from django_shift_media.engines.decode.header import read_big_endian

_SIGNATURE_LENGTH = 8
_FIELDS_LENGTH = 12  # length, type and checksum: 5.3
_COLOR_TYPE_OFFSET = 25
# By color type: how long a tRNS chunk may be, 11.3.1.1.
_TRANSPARENCY_LENGTHS = MappingProxyType({0: (2,), 2: (6,), 3: range(1, 257)})
_LONGEST_NAME = 79  # of a profile or of a text


def iter_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the type of each chunk before IEND, and the offset of its data: 5.3."""
    offset = _SIGNATURE_LENGTH
    while (kind := data[offset + 4 : offset + 8]) not in {b"", b"IEND"}:
        yield kind, offset + 8
        offset += _FIELDS_LENGTH + read_big_endian(data, offset, 4)


def valid_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and the data of each ancillary chunk that is valid, and of each critical."""
    for kind, offset in iter_chunks(data):
        if not _is_invalid(data, kind, offset):
            yield kind, data[offset : _end(data, offset)]


def without_invalid_chunks(data: bytes) -> bytes:
    """Return a PNG without the ancillary chunks that are invalid; the same bytes if none is."""
    invalid = [offset for kind, offset in iter_chunks(data) if _is_invalid(data, kind, offset)]
    if not invalid:
        return data
    view, kept, start = memoryview(data), bytearray(), 0
    for offset in invalid:
        kept += view[start : offset - 8]
        start = _end(data, offset) + 4
    return bytes(kept + view[start:])


def _end(data: bytes, offset: int) -> int:
    return offset + read_big_endian(data, offset - 8, 4)


def _is_invalid(data: bytes, kind: bytes, offset: int) -> bool:
    """Return whether a chunk is ancillary, and its checksum or its data are wrong."""
    is_critical, is_of_animation = not kind[0] & 0x20, kind in {b"acTL", b"fcTL", b"fdAT"}
    if is_critical or is_of_animation:
        return False
    end = _end(data, offset)
    checksum = zlib.crc32(memoryview(data)[offset - 4 : end])
    if read_big_endian(data, end, 4) != checksum:
        return True
    if kind == b"tRNS":
        return end - offset not in _TRANSPARENCY_LENGTHS.get(data[_COLOR_TYPE_OFFSET], ())
    return kind in _CHECKS and not _CHECKS[kind](data[offset:end])


def _has_length(length: int) -> Callable[[bytes], bool]:
    return lambda content: len(content) == length


def _is_compressed(content: bytes) -> bool:
    """Return whether the data start with a name and the only compression method: 11.3.2.3."""
    name, _, compressed = content.partition(b"\0")
    return 1 <= len(name) <= _LONGEST_NAME and compressed.startswith(b"\0")


def _is_srgb(content: bytes) -> bool:
    """Return whether the data are a rendering intent: 11.3.2.5."""
    return content in {b"\0", b"\1", b"\2", b"\3"}


# By type: whether the data of a chunk are valid. 11.3
_CHECKS: MappingProxyType[bytes, Callable[[bytes], bool]] = MappingProxyType(
    {
        b"cICP": _has_length(4),
        b"cHRM": _has_length(32),
        b"gAMA": _has_length(4),
        b"iCCP": _is_compressed,
        b"pHYs": _has_length(9),
        b"sRGB": _is_srgb,
        b"zTXt": _is_compressed,
    }
)
