"""BMP files with the longest header, which has colors: BITMAPV5HEADER of Windows GDI."""

import struct

from PIL import Image

EMBEDDED, LINKED, CALIBRATED, SRGB = b"DEBM", b"KNIL", bytes(4), b"BGRs"
_LENGTH = 124


def bmp(
    image: Image.Image, color_space: bytes, profile: bytes = b"", *, header_length: int = _LENGTH
) -> bytes:
    """Return a file of 32 bits per pixel; calibrated colors are those of Adobe RGB."""
    width, height = image.size
    pixels = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGRX")
    points = (0.64, 0.33, 0.03, 0.21, 0.71, 0.08, 0.15, 0.06, 0.79)
    header = struct.pack(
        "<IiiHHIIiiIIIIII4s9i3I4I",
        *(header_length, width, height, 1, 32, 3, len(pixels), 2835, 2835, 0, 0),
        *(0xFF0000, 0xFF00, 0xFF, 0),
        color_space,
        *(round(point * 2**30) for point in points),
        *[round(2.2 * 65536)] * 3,
        *(4, header_length + len(pixels), len(profile), 0),
    )[:header_length]
    size = 14 + len(header) + len(pixels) + len(profile)
    start = struct.pack("<2sIHHI", b"BM", size, 0, 0, 14 + len(header))
    return start + header + pixels + profile
