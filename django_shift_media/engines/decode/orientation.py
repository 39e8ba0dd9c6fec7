"""The orientation of an image: how it is turned upright, and where parts of it are stored."""

from types import MappingProxyType

from PIL import ExifTags, Image

from django_shift_media.engines.exif import read_exif
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
    """Return the operation that turns the image upright, None if it is upright or unknown."""
    return _TRANSPOSE.get(read_exif(image).get(ExifTags.Base.Orientation, 1))


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
