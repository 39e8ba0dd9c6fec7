"""
Cut an APNG into frames, each of which Pillow decodes as a PNG of its own.

Sections are those of PNG, third edition.
"""

import io
import itertools
import struct
import zlib
from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from django_shift_media.engines.decode.composition import Disposal, Layer
from django_shift_media.engines.decode.header import read_big_endian
from django_shift_media.engines.decode.png_chunks import iter_chunks
from django_shift_media.engines.decode.png_transparency import fix_transparent_color
from django_shift_media.exceptions import DAMAGED, UnreadableImage
from django_shift_media.naming.geometry import Size

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXEL_FORMAT = slice(24, 29)  # of the Image Header, behind the size: 11.2.1
_FIELDS = struct.Struct(">5I2H2B")  # of a Frame Control chunk
_DEFAULT_DENOMINATOR = 100
_BLEND_OVER = 1
_DISPOSALS: MappingProxyType[int, Disposal] = MappingProxyType({1: "clear", 2: "restore"})


class _Control(NamedTuple):
    """A Frame Control chunk: 11.3.6.2. The delay is a fraction of a second."""

    sequence: int
    width: int
    height: int
    left: int
    top: int
    delay: int
    delay_denominator: int
    disposal: int
    blend: int

    @property
    def duration(self) -> float:
        return 1000 * self.delay / (self.delay_denominator or _DEFAULT_DENOMINATOR)


def iter_png_layers(data: bytes, size: Size) -> Iterator[Layer]:
    """
    Yield the frames of an APNG. An image that is not part of the animation is left out.

    Raise ``UnreadableImage`` for a frame that is not on the canvas, or not in order.
    """
    colors = _color_chunks(data)
    for control, pixels in _iter_frames(data):
        right, bottom = control.left + control.width, control.top + control.height
        if right > size[0] or bottom > size[1]:
            raise UnreadableImage(DAMAGED, detail="a frame exceeds the canvas")
        image = _open_frame(data, control, colors + _chunk(b"IDAT", pixels))
        disposal = _DISPOSALS.get(control.disposal, "keep")
        blends = control.blend == _BLEND_OVER
        yield Layer(image, (control.left, control.top), disposal, blends, control.duration)


def _iter_frames(data: bytes) -> Iterator[tuple[_Control, bytes]]:
    """Yield the control and the compressed pixels of each frame."""
    control: _Control | None = None
    pixels: list[bytes] = []
    sequence = 0
    for kind, content in _iter_contents(data):
        if kind in {b"fcTL", b"fdAT"}:
            if read_big_endian(content, 0, 4) != sequence:
                raise UnreadableImage(DAMAGED, detail="its frames are not in order")
            sequence += 1
        if kind == b"fcTL":
            if control:
                yield control, b"".join(pixels)
            control, pixels = _Control(*_FIELDS.unpack(content)), []
        elif kind == b"fdAT":
            pixels.append(content[4:])
        elif kind == b"IDAT" and control:
            pixels.append(content)
    if control:
        yield control, b"".join(pixels)


def _color_chunks(data: bytes) -> bytes:
    """Return the chunks without which pixels have no colors, which all frames share."""
    header = itertools.takewhile(lambda chunk: chunk[0] != b"IDAT", _iter_contents(data))
    return b"".join(_chunk(*chunk) for chunk in header if chunk[0] in {b"PLTE", b"tRNS"})


def _iter_contents(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and the content of each chunk."""
    for kind, offset in iter_chunks(data):
        yield kind, data[offset : offset + read_big_endian(data, offset - 8, 4)]


def _open_frame(data: bytes, control: _Control, chunks: bytes) -> Image.Image:
    """Open a frame as the only one of a file, whose canvas has the same size."""
    header = struct.pack(">II", control.width, control.height) + data[_PIXEL_FORMAT]
    file = _SIGNATURE + _chunk(b"IHDR", header) + chunks + _chunk(b"IEND", b"")
    image = PngImageFile(io.BytesIO(file))
    fix_transparent_color(image, file)
    return image


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Write a chunk: 5.3."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
