"""The header of a BMP file. Names are those of Windows' ``BITMAPINFOHEADER``."""

from django_shift_media.engines.decode.header import HeaderInfo, read_little_endian

_FILE_HEADER_LENGTH = 14
_CORE_HEADER_LENGTH = 12  # whose sides have 16 bits
_INFO_HEADER_LENGTHS = frozenset({40, 52, 56, 64, 108, 124})
_RUN_LENGTHS = frozenset({1, 2})  # values of "compression": BI_RLE8 and BI_RLE4
# Pillow decodes run lengths in Python, which takes as long as so many pixels of other formats for
# each pixel (to fill a row) and for each byte (of a run, even without pixels):
# https://github.com/python-pillow/Pillow/blob/13.0.0/src/PIL/BmpImagePlugin.py.
_WORK_PER_PIXEL, _WORK_PER_BYTE = 12, 15


def read_bmp_header(data: bytes) -> HeaderInfo | None:
    """Return the size; None for a header that is unknown to Pillow, too."""
    length = read_little_endian(data, _FILE_HEADER_LENGTH, 4)
    start = _FILE_HEADER_LENGTH + 4
    if length == _CORE_HEADER_LENGTH:
        width, height = read_little_endian(data, start, 2), read_little_endian(data, start + 2, 2)
        return HeaderInfo(width, height, 1)
    if length not in _INFO_HEADER_LENGTHS:
        return None
    width, height = read_little_endian(data, start, 4), read_little_endian(data, start + 4, 4)
    if height >= 1 << 31:  # negative: the first row is at the top
        height = (1 << 32) - height
    work = 0
    if read_little_endian(data, start + 12, 4) in _RUN_LENGTHS:
        work = width * height * _WORK_PER_PIXEL + len(data) * _WORK_PER_BYTE
    return HeaderInfo(width, height, 1, work=work)
