"""
What a decoder decodes to show a JPEG XL image: all frames, and all extra channels of each.

The plugin for Pillow decodes everything when it opens a file, which is too late for a limit, and
cannot count frames. Seen with pillow-jxl-plugin 1.3; Pillow's own reader is
https://github.com/python-pillow/Pillow/pull/7848.
"""

from contextlib import suppress

from django_shift_media.engines.decode.header import HeaderInfo
from django_shift_media.engines.decode.isobmff import BoxReader
from django_shift_media.engines.decode.jpegxl import read_codestream
from django_shift_media.engines.decode.jpegxl_bits import EndOfCodestream
from django_shift_media.engines.decode.jpegxl_frames import Frame, JpegXlReader
from django_shift_media.engines.decode.limits import part_work
from django_shift_media.naming.geometry import Size

# A decoder takes this many times as long for a pixel as for one of an AVIF or a HEIC. A picture of
# 50 megapixels is still within the default limit. In modular coding, as of pictures without loss,
# each pixel is predicted from its neighbors, which takes longer; extra channels always are modular.
_WORK, _MODULAR_WORK, _EXTRA_CHANNEL_WORK = 9 / 4, 9, 9 / 4


def read_jpegxl_header(data: bytes) -> HeaderInfo:
    """
    Return the size, and the frames and extra channels as parts.

    Transparency is one extra channel, and is part of the frame. Of a truncated file, only what a
    decoder can decode until it finds out counts. Raise ``UnreadableImage`` if the frames cannot be
    counted, ``FileTooLarge`` if there are too many of them to count.
    """
    boxes = BoxReader(data)
    reader = JpegXlReader(read_codestream(data, boxes), boxes.count_parts)
    size = reader.size
    parts, work = 0, 0.0
    is_decoded = True
    with suppress(EndOfCodestream):
        for frame in reader.frames():
            parts += max(reader.extra_channels, 1)
            is_modular = frame.header.is_modular and is_decoded
            work += _work(frame, size, reader.extra_channels, is_modular=is_modular)
            # Pictures after the first are only counted. A preview is not the first picture.
            if reader.is_animated and not reader.has_preview and frame.header.ends_picture:
                is_decoded = False
    if parts < 2:
        pixels = size[0] * size[1]
        return HeaderInfo(*size, 1, work_per_pixel=max(work / pixels, _WORK))
    return HeaderInfo(*size, 1, parts=parts, work=int(work))


def _work(frame: Frame, canvas: Size, extra_channels: int, *, is_modular: bool) -> float:
    color = _MODULAR_WORK if is_modular else _WORK
    width, height = frame.size
    work = part_work(width * height, 2) * (color + extra_channels * _EXTRA_CHANNEL_WORK)
    if not frame.is_shown:
        return work
    # It is put on the canvas, however small it is.
    return max(work, canvas[0] * canvas[1] * max(extra_channels, 1) * _WORK)
