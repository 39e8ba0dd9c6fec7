"""The color profile in a BMP file: BITMAPV5HEADER in the Windows GDI reference."""

from django_shift_media.engines.decode.header import read_little_endian

# Offsets in the file, whose header starts after 14 bytes.
_HEADER, _COLOR_SPACE, _PROFILE_OFFSET, _PROFILE_LENGTH = 14, 70, 126, 130
_V5_LENGTH = 124
_EMBEDDED = b"DEBM"  # PROFILE_EMBEDDED, "MBED" in little-endian order


def read_bmp_profile(data: bytes) -> bytes | None:
    """
    Return the embedded profile, which Pillow does not read, None if there is none.

    Primaries and gamma in the header ("calibrated") are ignored, as Chromium does.
    """
    is_v5 = read_little_endian(data, _HEADER, 4) >= _V5_LENGTH
    if not is_v5 or data[_COLOR_SPACE : _COLOR_SPACE + 4] != _EMBEDDED:
        return None
    start = _HEADER + read_little_endian(data, _PROFILE_OFFSET, 4)
    return data[start : start + read_little_endian(data, _PROFILE_LENGTH, 4)]
