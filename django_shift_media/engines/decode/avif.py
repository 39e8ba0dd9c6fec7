"""
How the image in an AVIF is cropped, turned and mirrored, as its properties say.

Pillow applies neither, and reports the orientation only. Sections are those of ISO/IEC 23008-12,
if not said otherwise. The order is fixed: crop, turn, mirror (ISO/IEC 23000-22, 7.3.6.7).
"""

from fractions import Fraction
from typing import NamedTuple

from PIL import Image

from django_shift_media.engines.decode.heif import HeifReader
from django_shift_media.engines.decode.isobmff import FieldReader
from django_shift_media.naming.geometry import Size

_ROTATIONS = (
    None,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_270,
)
# By the axis of the mirror, 0 for the horizontal one: a rotation as above, and the mirror after it.
_MIRRORED = (
    (
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.TRANSPOSE,
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.TRANSVERSE,
    ),
    (
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.TRANSPOSE,
    ),
)
_IMAGE_SEQUENCE = b"avis"  # a brand


class Presentation(NamedTuple):
    """The size of the visible part of a stored image, at its top left, and how to turn it."""

    size: Size
    transpose: Image.Transpose | None


def read_presentation(data: bytes, size: Size) -> Presentation:
    """
    Return how to show an AVIF whose image has that size as stored.

    Like libavif, read the properties of the first track if the file is an image sequence by its
    major brand, or else of the primary item, and only the first property of each type.
    """
    reader = HeifReader(data)
    is_sequence = data[8:12] == _IMAGE_SEQUENCE
    properties: dict[bytes, memoryview] = {}
    for kind, body in reader.track_properties() if is_sequence else reader.primary_properties():
        properties.setdefault(kind, body)
    if b"clap" in properties:
        size = _clean_aperture(properties[b"clap"], size)
    return Presentation(size, _read_transpose(properties.get(b"irot"), properties.get(b"imir")))


def _clean_aperture(clap: memoryview, size: Size) -> Size:
    """
    Return the size of the clean aperture, or of the whole image if browsers ignore the property.

    Chromium ignores one that is invalid, and one that does not begin at the top left, because
    what has been cropped can be private: https://github.com/AOMediaCodec/av1-avif/issues/188.
    Source: ISO/IEC 14496-12, 12.1.4.
    """
    fields = FieldReader(clap)
    numbers = [_read_fraction(fields) for _n in range(4)]
    wanted, offsets = numbers[:2], numbers[2:]
    for whole, part, offset in zip(size, wanted, offsets, strict=True):
        if part is None or offset is None or part.denominator > 1 or not 0 < part <= whole:
            return size
        if offset + Fraction(whole - part, 2) != 0:
            return size
    width, height = (int(part or 0) for part in wanted)
    return width, height


def _read_fraction(fields: FieldReader) -> Fraction | None:
    """Return a signed fraction, None if it is none."""
    numerator, denominator = fields.read_int(4), fields.read_int(4)
    if not 0 < denominator < 1 << 31:
        return None
    return Fraction(numerator - (numerator >> 31 << 32), denominator)


def _read_transpose(
    rotation: memoryview | None, mirror: memoryview | None
) -> Image.Transpose | None:
    """Return the operation that "irot" (6.5.10) and "imir" (6.5.12) stand for together."""
    quarters = rotation[0] & 3 if rotation else 0
    return _MIRRORED[mirror[0] & 1][quarters] if mirror else _ROTATIONS[quarters]
