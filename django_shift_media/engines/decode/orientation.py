"""The orientation of an image: how it is turned upright, and where parts of it are stored."""

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Literal

from PIL import ExifTags, Image

from django_shift_media.engines.xmp import read_xmp
from django_shift_media.naming.geometry import Box, Size

# By the EXIF tag's value; 1 is upright.
_TRANSPOSE: MappingProxyType[int, Image.Transpose] = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
)
_MAX_ORIENTATION = 8
_SHORT, _LONG = 3, 4  # types of TIFF fields
_EXIF_PREFIX = b"Exif\0\0"  # of JPEG, which some programs also write into other formats
ByteOrder = Literal["little", "big"]
_BYTE_ORDERS: MappingProxyType[bytes, ByteOrder] = MappingProxyType(
    {b"II*\0": "little", b"MM\0*": "big"}
)
_MIRRORS_X = frozenset(
    {
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.ROTATE_180,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSVERSE,
    }
)
_MIRRORS_Y = frozenset(
    {
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.ROTATE_180,
        Image.Transpose.ROTATE_90,
        Image.Transpose.TRANSVERSE,
    }
)
_SWAPS_SIDES = frozenset(
    {
        Image.Transpose.TRANSPOSE,
        Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSVERSE,
    }
)


def read_transpose(image: Image.Image) -> Image.Transpose | None:
    """
    Return the operation that turns the image upright, None if it is upright or unknown.

    Pillow's ``getexif()`` accepts an orientation of any type, and searches XMP for it by a pattern,
    which also matches what the packet says of other images. Browsers ignore XMP; here, it counts
    if EXIF has no orientation.
    """
    values = list(_exif_orientations(_exif_bytes(image)))
    orientation = next(filter(None, values), 1) if values else _xmp_orientation(image)
    return _TRANSPOSE.get(orientation)


def _exif_bytes(image: Image.Image) -> bytes:
    """Return the EXIF metadata of an open image, as a TIFF file; empty if there are none."""
    data = image.info.get("exif") or _exif_in_png_text(image.info.get("Raw profile type exif", ""))
    return bytes(data).removeprefix(_EXIF_PREFIX)


def _exif_in_png_text(text: str) -> bytes:
    """Return the EXIF metadata in a text that ImageMagick writes: a header of 3 lines, then hex."""
    try:
        return bytes.fromhex("".join(text.split("\n")[3:]))
    except ValueError:
        return b""


def _exif_orientations(tiff: bytes) -> Iterator[int]:
    """
    Yield each orientation of the image, 0 for one that browsers do not accept.

    Like Chromium, require one SHORT from 1 to 8, and also search the EXIF directory, but not the
    directory of the thumbnail. Source: TIFF 6.0, section 2, and EXIF 2.32, 4.6.3.
    """
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None:
        return
    directories = [_read_int(tiff, order, 4, 4)]
    for directory in directories:
        end = directory + 2 + 12 * _read_int(tiff, order, directory, 2)
        for entry in range(directory + 2, min(end, len(tiff)), 12):
            tag, kind = _read_int(tiff, order, entry, 2), _read_int(tiff, order, entry + 2, 2)
            field = kind, _read_int(tiff, order, entry + 4, 4)
            if tag == ExifTags.Base.Orientation:
                value = _read_int(tiff, order, entry + 8, 2)
                yield value if field == (_SHORT, 1) and value <= _MAX_ORIENTATION else 0
            elif tag == ExifTags.IFD.Exif and field == (_LONG, 1) and len(directories) == 1:
                directories.append(_read_int(tiff, order, entry + 8, 4))


def _read_int(data: bytes, order: ByteOrder, offset: int, length: int) -> int:
    return int.from_bytes(data[offset : offset + length], order)


def _xmp_orientation(image: Image.Image) -> int:
    """Return the orientation in XMP metadata, 1 if there is none."""
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    data = packet.encode() if isinstance(packet, str) else bytes(packet)
    value = "".join(read_xmp(data).get("tiff:Orientation", ()))
    return int(value) if re.fullmatch("[1-8]", value) else 1


def swap_sides(size: Size, transpose: Image.Transpose | None) -> Size:
    """Return the stored size of an upright image, or the upright size of a stored one."""
    width, height = size
    return (height, width) if transpose in _SWAPS_SIDES else (width, height)


def stored_box(box: Box, size: Size, transpose: Image.Transpose | None) -> Box:
    """Return where a part of an upright image of that size is in the image as stored."""
    left, top, right, bottom = box
    width, height = size
    if transpose in _MIRRORS_X:
        left, right = width - right, width - left
    if transpose in _MIRRORS_Y:
        top, bottom = height - bottom, height - top
    return (top, left, bottom, right) if transpose in _SWAPS_SIDES else (left, top, right, bottom)
