"""
What a decoder decodes to show a JPEG XL image: all frames, and all extra channels of each.

The plugin for Pillow decodes everything when it opens a file, and cannot count frames.
"""

from contextlib import suppress

from django_shift_media.engines.decode.header import HeaderInfo
from django_shift_media.engines.decode.isobmff import BoxReader
from django_shift_media.engines.decode.jpegxl import read_codestream
from django_shift_media.engines.decode.jpegxl_bits import EndOfCodestream
from django_shift_media.engines.decode.jpegxl_frames import JpegXlReader
from django_shift_media.engines.decode.limits import part_work

# A decoder takes this many times as long for a pixel as for one of an AVIF or a HEIC. A picture of
# 50 megapixels is still within the default limit.
_WORK = 9 / 4


def read_jpegxl_header(data: bytes) -> HeaderInfo:
    """
    Return the size, and the frames and extra channels as parts.

    Transparency is one extra channel, and counts with the frame. Of a truncated file, only what a
    decoder can decode until it finds out counts. Raise ``UnreadableImage`` if the frames cannot be
    counted, ``FileTooLarge`` if there are too many of them to count.
    """
    boxes = BoxReader(data)
    reader = JpegXlReader(read_codestream(data, boxes), boxes.count_parts)
    width, height = reader.size
    parts = work = 0
    with suppress(EndOfCodestream):
        layers = max(reader.extra_channels, 1)
        for frame in reader.frames():
            # A frame that is shown is put on the canvas, however small it is.
            sizes = [frame.size, (width, height)] if frame.is_shown else [frame.size]
            parts += layers
            work += layers * part_work(max(width * height for width, height in sizes), 2)
    if parts < 2:
        return HeaderInfo(width, height, 1, work_per_pixel=_WORK)
    return HeaderInfo(width, height, 1, parts=parts, work=int(work * _WORK))
