"""
Cut a GIF into frames, each of which Pillow decodes as a GIF of its own.

Sections are those of the GIF89a specification. What it leaves open is as in Chromium.
"""

import io
from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from django_shift_media.engines.color.conversion import to_scalable_mode
from django_shift_media.engines.decode.composition import Disposal, Layer
from django_shift_media.engines.decode.gif import HEADER_LENGTH, color_table_length, iter_blocks
from django_shift_media.engines.decode.header import read_little_endian
from django_shift_media.naming.geometry import Size

_GRAPHIC_CONTROL, _IMAGE, _TRAILER = b"!\xf9", b",", b";"
_MILLISECONDS = 10  # of a unit of the delay
# 23.c.iv. Some encoders write 4 for 3; the others are not defined.
_DISPOSALS: MappingProxyType[int, Disposal] = MappingProxyType(
    {2: "clear", 3: "restore", 4: "restore"}
)
_ONLY_BLACK = b"\x80\0\0" + b"\0" * 6  # the colors of a frame without any


class _Control(NamedTuple):
    """A Graphic Control Extension, which applies to the next frame: 23."""

    block: bytes = b""
    disposal: Disposal = "keep"
    duration: int = 0


def iter_gif_layers(data: bytes, canvas: Size) -> Iterator[Layer]:
    """Yield the frames of a GIF, cropped to its canvas."""
    control = _Control()
    for start, end in iter_blocks(data):
        if data.startswith(_GRAPHIC_CONTROL, start):
            control = _read_control(data[start:end])
        elif data.startswith(_IMAGE, start):
            image, corner = _open_frame(data, start, end, control), _corner(data, start)
            image = _crop(image, canvas[0] - corner[0], canvas[1] - corner[1])
            yield Layer(image, corner, control.disposal, blends=True, duration=control.duration)
            control = _Control()


def _read_control(block: bytes) -> _Control:
    disposal = _DISPOSALS.get(block[3] >> 2 & 7, "keep")
    return _Control(block, disposal, _MILLISECONDS * read_little_endian(block, 4, 2))


def _corner(data: bytes, descriptor: int) -> tuple[int, int]:
    return read_little_endian(data, descriptor + 1, 2), read_little_endian(data, descriptor + 3, 2)


def _open_frame(data: bytes, start: int, end: int, control: _Control) -> Image.Image:
    """Open the frame at an Image Descriptor, 20, as the only one of a canvas of its size."""
    size = data[start + 5 : start + 9]
    if b"\0\0" in {size[:2], size[2:]}:
        return Image.new("LA", (0, 0))
    has_own_colors = color_table_length(data[start + 9 : start + 10])
    parts: list[bytes | memoryview] = [
        b"GIF89a",
        size,
        b"\0" * 3 if has_own_colors else _global_colors(data),
        control.block,
        _IMAGE,
        b"\0" * 4,  # at the corner
        memoryview(data)[start + 5 : end],
        _TRAILER,
    ]
    return GifImageFile(io.BytesIO(b"".join(parts)))


def _global_colors(data: bytes) -> bytes:
    """Return the flags of the logical screen, background, aspect ratio, and the color table: 18."""
    length = color_table_length(data[10:11])
    return data[10 : HEADER_LENGTH + length] if length else _ONLY_BLACK


def _crop(image: Image.Image, width: int, height: int) -> Image.Image:
    visible = max(min(image.width, width), 0), max(min(image.height, height), 0)
    return image if visible == image.size else to_scalable_mode(image).crop((0, 0, *visible))
