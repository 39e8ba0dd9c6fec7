"""The header of a JPEG file: its size, segments and scans. Sections are those of ITU-T T.81."""

import re

from django_shift_media.engines.decode.header import HeaderInfo, check_count, read_big_endian
from django_shift_media.exceptions import DAMAGED, FileTooLarge, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _

# Cameras write about ten segments; a color profile or XMP metadata may take up to 255.
_MAX_SEGMENTS = 1_000
_MAX_HEADER_BYTES = 20_000_000  # before the first scan
# A decoder visits all pixels once for each scan, and a scan need not be larger than a hundred
# bytes. Encoders write about ten. Source: "Two Issues with the JPEG Standard", libjpeg-turbo.org.
_MAX_SCANS = 100
# So many empty scans of a pixel take as long as it takes to decode a pixel.
_SCANS_PER_WORK = 6

_TOO_MANY_SEGMENTS = _("The image has more than %(limit)s segments.")
_TOO_MANY_SCANS = _("The image has more than %(limit)s scans.")
_LOSSLESS = _("This is a lossless JPEG; only lossy JPEGs are supported.")
_HEADER_TOO_LARGE = _("The header of the image has more than %(limit)s bytes.")

# A marker with a segment after it. This also skips the data of a scan, where FF is followed by a
# zero or by a restart marker: B.1.1.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
# Pillow expects no segment after these markers, whatever they are.
_WITHOUT_SEGMENT = frozenset({0xC8, _END_OF_IMAGE, *range(0xF0, 0xFE)})
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = frozenset({0xC0, 0xC1})
_LOSSLESS_FRAMES = frozenset({0xC3, 0xC7, 0xCB, 0xCF})


def read_jpeg_header(data: bytes) -> HeaderInfo:
    """
    Return the size of the first image in the file.

    Raise ``FileTooLarge`` for too many segments or scans, ``UnreadableImage`` if there is no scan.
    """
    width = height = segments = scans = offset = 0
    # The number of components if one scan may hold them all. That scan is then the only one: 4.8.
    components = 0
    while marker := _MARKER.search(data, offset):
        kind, offset = marker[1][0], marker.end()
        if kind == _END_OF_IMAGE and scans:  # another image may follow, which is ignored
            break
        if not scans and offset > _MAX_HEADER_BYTES:
            raise FileTooLarge(_HEADER_TOO_LARGE, limit=_MAX_HEADER_BYTES)
        if kind in _LOSSLESS_FRAMES:  # of which a decoder makes no smaller image
            raise UnreadableImage(_LOSSLESS)
        if kind in _START_OF_FRAME:
            height = read_big_endian(data, offset + 3, 2)
            width = read_big_endian(data, offset + 5, 2)
            components = read_big_endian(data, offset + 7, 1) if kind in _SEQUENTIAL else 0
        segments += 1
        scans += kind == _START_OF_SCAN
        check_count(segments, _MAX_SEGMENTS, _TOO_MANY_SEGMENTS)
        check_count(scans, _MAX_SCANS, _TOO_MANY_SCANS)
        if kind == _START_OF_SCAN and components == read_big_endian(data, offset + 2, 1):
            break  # decoders read no further scan, so most of the file can be skipped
        if kind not in _WITHOUT_SEGMENT:
            offset += read_big_endian(data, offset, 2)
    if not scans:
        raise UnreadableImage(DAMAGED, detail="it contains only a header")
    work = width * height * scans // _SCANS_PER_WORK if scans > 1 else 0
    return HeaderInfo(width, height, 1, work=work)
