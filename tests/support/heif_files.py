"""HEIF files (AVIF and HEIC) with further properties of their image: ISO/IEC 23008-12, 9.3."""

import struct
from collections.abc import Iterator

from tests.support.hostile import box

_VERSION = 4  # bytes at the start of a "full box"


def clean_aperture(size: tuple[int, int], crop: tuple[int, int, int, int]) -> bytes:
    """Return the property that only a part of an image is shown, as left, top, right, bottom."""
    left, top, right, bottom = crop
    (width, height), shown = size, (right - left, bottom - top)
    offsets = 2 * left + shown[0] - width, 2 * top + shown[1] - height
    return box(b"clap", struct.pack(">8i", shown[0], 1, shown[1], 1, offsets[0], 2, offsets[1], 2))


def rotation(quarters: int) -> bytes:
    """Return the property that an image is turned counterclockwise."""
    return box(b"irot", bytes([quarters]))


def mirror(axis: int) -> bytes:
    """Return the property that an image is mirrored: top to bottom (0), or left to right (1)."""
    return box(b"imir", bytes([axis]))


def with_properties(data: bytes, *properties: bytes) -> bytes:
    """Add essential properties to the primary item, after those that it has."""
    boxes = dict(_boxes(data))
    meta = dict(_boxes(boxes[b"meta"][_VERSION:]))
    added = _with_properties(meta, properties)
    shift = len(added) - sum(map(len, map(box, meta, meta.values())))
    meta[b"iloc"] = _shifted(meta[b"iloc"], shift)
    boxes[b"meta"] = boxes[b"meta"][:_VERSION] + _with_properties(meta, properties)
    return b"".join(map(box, boxes, boxes.values()))


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    while data:
        length = int.from_bytes(data[:4], "big")
        yield data[4:8], data[8:length]
        data = data[length:]


def _with_properties(meta: dict[bytes, bytes], properties: tuple[bytes, ...]) -> bytes:
    iprp = dict(_boxes(meta[b"iprp"]))
    number = len(list(_boxes(iprp[b"ipco"])))
    primary = meta[b"pitm"][_VERSION:]
    owners = iprp[b"ipma"]
    at = owners.index(primary, _VERSION + 4)  # items have two bytes, and indexes have one
    end = at + 3 + owners[at + 2]
    indexes = bytes(0x80 | number + n + 1 for n in range(len(properties)))
    iprp[b"ipma"] = (
        owners[: at + 2] + bytes([owners[at + 2] + len(indexes)]) + owners[at + 3 : end]
    ) + (indexes + owners[end:])
    iprp[b"ipco"] += b"".join(properties)
    changed = {**meta, b"iprp": b"".join(map(box, iprp, iprp.values()))}
    return b"".join(map(box, changed, changed.values()))


def _shifted(iloc: bytes, shift: int) -> bytes:
    """Move the data of all items, whose offsets have four bytes."""
    assert iloc[0] in {0, 1}
    assert iloc[4:6] in {b"\x44\x00", b"\x44\x40"}
    has_method, base_length = iloc[0] == 1, iloc[5] >> 4
    (number,) = struct.unpack_from(">H", iloc, 6)
    changed, at = bytearray(iloc), 8
    for _n in range(number):
        at += 2 + 2 * has_method + 2 + base_length
        (extents,) = struct.unpack_from(">H", iloc, at)
        at += 2
        for _m in range(extents):
            (offset,) = struct.unpack_from(">I", iloc, at)
            struct.pack_into(">I", changed, at, offset + shift)
            at += 8
    return bytes(changed)
