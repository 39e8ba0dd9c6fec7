"""
Remove the times from an animated AVIF, so that the same frames give the same bytes.

libavif writes the current time into the headers of the movie, its tracks and their media, and has
no option not to (seen with libavif 1.4, which Pillow 13.0 brings).
"""

import struct
from collections.abc import Iterator

# ISO/IEC 14496-12, 8.2 to 8.4: boxes of boxes, and those that begin with a version, a creation time
# and a modification time.
_CONTAINERS = frozenset({b"moov", b"trak", b"mdia"})
_WITH_TIMES = frozenset({b"mvhd", b"tkhd", b"mdhd"})


def remove_times(data: bytes) -> bytes:
    """Return an AVIF by libavif with zeros for all creation and modification times."""
    changed = bytearray(data)
    for offset in _headers(data, 0, len(data)):
        length = 16 if data[offset] == 1 else 8  # of both times, by the version
        changed[offset + 4 : offset + 4 + length] = bytes(length)
    return bytes(changed)


def _headers(data: bytes, start: int, end: int) -> Iterator[int]:
    """Yield the offset of the content of each box with times."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if kind in _WITH_TIMES:
            yield start + 8
        elif kind in _CONTAINERS:
            yield from _headers(data, start + 8, start + size)
        start += max(size, 8)
