"""
The end of a JPEG, which some files lack. Sections are those of ITU-T T.81.

Panoramas of Samsung's phones have data of the maker after their pixels, without an end marker in
between: a decoder that has all pixels would go on to read that data as segments.
"""

import io
import re

from PIL.JpegImagePlugin import JpegImageFile

from django_shift_media.engines.decode.header import read_big_endian
from django_shift_media.exceptions import DAMAGED, UnreadableImage

# A marker that may end a scan, or start a segment: B.1.1. The data of a scan has only others, which
# are FF before a zero or before a restart marker.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_START_OF_SCAN, _END = 0xDA, b"\xff\xd9"
_SEQUENTIAL = frozenset({0xC0, 0xC1})
# Tables, scans, application data and comments may follow a scan: B.2.1.
_AFTER_SCAN = frozenset({0xC4, 0xDA, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)})
# Data of a scan for a decoder that misses some, before and after any restart marker.
_ANY_PIXELS = b"".join(bytes(range(255)) + bytes((0xFF, 0xD0 + marker)) for marker in range(8)) * 2


def has_end(data: bytes) -> bool:
    """Return whether an end marker follows the pixels."""
    pixels, _ = _cut(data)
    return pixels is None


def with_end(data: bytes) -> bytes:
    """
    Return a JPEG with an end marker after its pixels: a decoder fills missing ones with gray.

    Pillow's ``LOAD_TRUNCATED_IMAGES`` would affect all threads:
    https://github.com/python-pillow/Pillow/pull/1970.
    """
    pixels, _ = _cut(data)
    return data if pixels is None else pixels + _END


def require_whole(data: bytes) -> None:
    """
    Raise ``UnreadableImage`` if pixels are missing, and not only the end marker.

    A decoder would use any further data for them. A file of several scans may lack some of them as
    a whole, so it needs its end marker.
    """
    pixels, has_one_scan = _cut(data)
    if pixels is not None and not (has_one_scan and _shows_alike(pixels, pixels + _ANY_PIXELS)):
        raise UnreadableImage(DAMAGED, detail="it is truncated")


def _cut(data: bytes) -> tuple[bytes | None, bool]:
    """
    Return a JPEG up to what cannot be a part of it, None if it has an end marker.

    Also return whether all of its pixels are in a single scan.
    """
    offset = scans = components = 0
    has_one_scan = False
    while marker := _MARKER.search(data, offset):
        kind, offset = marker[0][1], marker.end()
        if marker[0] == _END:
            return None, has_one_scan
        if has_one_scan or (scans and kind not in _AFTER_SCAN):
            return data[: marker.start()], has_one_scan
        if kind in _SEQUENTIAL:
            components = read_big_endian(data, offset + 7, 1)
        if kind == _START_OF_SCAN:
            scans += 1
            has_one_scan = components == read_big_endian(data, offset + 2, 1)
        offset += 0 if kind == 0xD8 else read_big_endian(data, offset, 2)
    return data, has_one_scan


def _shows_alike(one: bytes, other: bytes) -> bool:
    return _small_pixels(one + _END) == _small_pixels(other + _END)


def _small_pixels(data: bytes) -> bytes:
    image = JpegImageFile(io.BytesIO(data))
    image.draft(None, (1, 1))
    return image.tobytes()
