"""
Write an animated GIF. Sections are those of the GIF89a specification.

Pillow's writer decides by itself which frames differ: it drops black parts on transparent frames,
and starts another file in the middle of one if a frame is empty.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from PIL import Image, ImageChops

from django_shift_media.engines.encode.animation import AnimationTiming

Box = tuple[int, int, int, int]

_KEEP, _CLEAR = 1, 2  # disposal methods: 23.c.iv
_HUNDREDTH = 10  # milliseconds, the unit of delays
_MAX_DELAY = 0xFFFF
_FIRST_PIXEL = (0, 0, 1, 1)
_GRAYS = bytes(gray for gray in range(256) for _ in range(3))


@dataclass(frozen=True, slots=True)
class _Picture:
    """A frame: ``pixels`` are indexes of ``colors``, as an image of mode "L"."""

    pixels: Image.Image
    colors: bytes

    @property
    def clear(self) -> int:
        """The index of transparent pixels; 256, which no pixel has, if all others are in use."""
        return len(self.colors) // 3

    @property
    def is_opaque(self) -> bool:
        return self.pixels.getextrema()[1] != self.clear

    def changes_from(self, other: "_Picture") -> Image.Image:
        """Return an image that is not zero where the pictures look different."""
        if self.colors == other.colors:
            return ImageChops.difference(self.pixels, other.pixels)
        bands = zip(self._to_rgba().split(), other._to_rgba().split(), strict=True)
        return reduce(ImageChops.lighter, (ImageChops.difference(*pair) for pair in bands))

    def box_to_clear_for(self, other: "_Picture") -> Box | None:
        """Return the box of what is transparent in another picture, but not in this one."""
        if other.is_opaque:
            return None
        return ImageChops.subtract(other._transparent(), self._transparent()).getbbox()

    def cleared(self, box: Box) -> "_Picture":
        pixels = self.pixels.copy()
        pixels.paste(self.clear, box)
        return replace(self, pixels=pixels)

    def _transparent(self) -> Image.Image:
        return _renumber(self.pixels, bytes(255 * (n == self.clear) for n in range(256)))

    def _to_rgba(self) -> Image.Image:
        image = self.pixels.copy()
        palette = Image.frombytes("RGB", (self.clear, 1), self.colors).convert("RGBA")
        image.putpalette((palette.tobytes() + bytes(4))[:1024], "RGBA")
        return image.convert("RGBA")


@dataclass(frozen=True, slots=True)
class _Part:
    """What is drawn on the canvas. ``transparent`` is the index of pixels that are not drawn."""

    box: Box
    pixels: Image.Image
    colors: bytes
    transparent: int | None

    def without_unused_index(self) -> "_Part":
        is_used = self.transparent is not None and self.pixels.histogram()[self.transparent]
        return self if is_used else replace(self, transparent=None)

    def with_used_colors(self) -> "_Part":
        """Return the same part, with a color table of its own."""
        counts = enumerate(self.pixels.histogram())
        used = [index for index, count in counts if count and index != self.transparent]
        indexes = bytearray(256)
        for new, old in enumerate(used):
            indexes[old] = new
        transparent = None
        if self.transparent is not None:
            transparent = indexes[self.transparent] = len(used)
        colors = b"".join(self.colors[3 * index : 3 * index + 3] for index in used)
        return _Part(self.box, _renumber(self.pixels, indexes), colors, transparent)


def write_gif(frames: Sequence[Image.Image], clear: int | None, timing: AnimationTiming) -> bytes:
    """
    Return an animation of frames of mode "L" or "P"; ``clear`` is the index of transparent pixels.

    Equal frames in a row become one.
    """
    shown = list(_merge_equal(_to_pictures(frames, clear), timing.rounded("GIF")))
    first, _ = shown[0]
    blocks = _frame_blocks(shown, has_alpha=clear is not None)
    return b"".join([_screen(first), _repetitions(timing.plays), *blocks, b";"])


def _frame_blocks(shown: Sequence[tuple[_Picture, int]], *, has_alpha: bool) -> Iterator[bytes]:
    """
    Yield the blocks of pictures that are shown for hundredths of a second.

    With alpha, every frame declares a transparent index. Without it, some decoders fill what is
    cleared with a color, or take the whole animation for opaque.
    """
    first, _ = shown[0]
    canvas: _Picture | None = None
    following = [*(picture for picture, _ in shown[1:]), None]
    for (picture, delay), next_picture in zip(shown, following, strict=True):
        to_clear = picture.box_to_clear_for(next_picture) if next_picture else None
        part = _changed_part(picture, canvas, to_clear)
        part = part if has_alpha else part.without_unused_index()
        is_local = part.colors != first.colors
        part = part.with_used_colors() if is_local else part
        yield _graphic_control(_CLEAR if to_clear else _KEEP, delay, part.transparent)
        yield _image(part, is_local=is_local)
        canvas = picture.cleared(part.box) if to_clear else picture


def _to_pictures(frames: Sequence[Image.Image], clear: int | None) -> list[_Picture]:
    """Drop the colors at the end of each palette that none of its frames uses."""
    palettes = [bytes(frame.getpalette() or _GRAYS) for frame in frames]
    numbers = dict.fromkeys(palettes, 0)
    for frame, palette in zip(frames, palettes, strict=True):
        used = (index for index, count in enumerate(frame.histogram()) if count and index != clear)
        numbers[palette] = max(numbers[palette], max(used, default=0) + 1)
    return [
        _to_picture(frame, clear, palette[: 3 * numbers[palette]])
        for frame, palette in zip(frames, palettes, strict=True)
    ]


def _to_picture(frame: Image.Image, clear: int | None, colors: bytes) -> _Picture:
    indexes = bytearray(range(256))
    if clear is not None:
        indexes[clear] = len(colors) // 3
    return _Picture(_renumber(frame, indexes), colors)


def _renumber(image: Image.Image, indexes: bytes | bytearray) -> Image.Image:
    """Return pixels with other indexes, by those that they have."""
    return Image.frombytes("L", image.size, image.tobytes().translate(indexes))


def _merge_equal(
    pictures: Sequence[_Picture], durations: Sequence[int]
) -> Iterator[tuple[_Picture, int]]:
    """Yield each picture that differs from the one before, with its delay in hundredths."""
    shown, delay = pictures[0], durations[0] // _HUNDREDTH
    for picture, duration in zip(pictures[1:], durations[1:], strict=True):
        total = delay + duration // _HUNDREDTH
        if total <= _MAX_DELAY and not picture.changes_from(shown).getbbox():
            delay = total
        else:
            yield shown, delay
            shown, delay = picture, duration // _HUNDREDTH
    yield shown, delay


def _changed_part(picture: _Picture, canvas: _Picture | None, to_clear: Box | None) -> _Part:
    """
    Return the part of a picture that has to be drawn, or cleared after it has been shown.

    Pixels that the canvas shows already are not drawn, as equal pixels are compressed better.
    """
    transparent = picture.clear if picture.clear < 256 else None
    if canvas is None:
        box, pixels = (0, 0, *picture.pixels.size), picture.pixels
    else:
        changes = picture.changes_from(canvas)
        box = _union(changes.getbbox(), to_clear) or _FIRST_PIXEL
        pixels = picture.pixels.crop(box)
        transparent = _unused_index(pixels) if transparent is None else transparent
        if transparent is not None:
            ground = Image.new("L", pixels.size, transparent)
            pixels = Image.composite(pixels, ground, _mask(changes.crop(box)))
    return _Part(box, pixels, picture.colors, transparent)


def _unused_index(pixels: Image.Image) -> int | None:
    return next((index for index, count in enumerate(pixels.histogram()) if not count), None)


def _mask(image: Image.Image) -> Image.Image:
    """Return 255 where an image is not zero; a table for ``point()`` would take longer."""
    return ImageChops.add(image, image, scale=1 / 255)


def _union(*boxes: Box | None) -> Box | None:
    edges = list(zip(*(box for box in boxes if box), strict=True))
    return (min(edges[0]), min(edges[1]), max(edges[2]), max(edges[3])) if edges else None


def _screen(first: _Picture) -> bytes:
    """Return the header, and the logical screen with the colors of the first frame: 17 to 19."""
    bits, table = _color_table(first.colors)
    return b"GIF89a" + struct.pack("<2H3B", *first.pixels.size, 0xF0 | bits - 1, 0, 0) + table


def _repetitions(plays: int) -> bytes:
    """Return Netscape's extension: how often to repeat after the first time, 0 for no end."""
    if plays == 1:
        return b""
    return b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", plays and plays - 1, 0)


def _graphic_control(disposal: int, delay: int, transparent: int | None) -> bytes:
    flags = disposal << 2 | (transparent is not None)
    return b"!\xf9" + struct.pack("<BBHBB", 4, flags, delay, transparent or 0, 0)


def _image(part: _Part, *, is_local: bool) -> bytes:
    """Return an image, with a color table of its own if that is "local": 20 to 22."""
    bits, table = _color_table(part.colors)
    descriptor = struct.pack("<4HB", *part.box[:2], *part.pixels.size, is_local << 7 | bits - 1)
    code_size = max(bits, 2)
    data = part.pixels.tobytes("gif", ("L", code_size))
    local_table = table if is_local else b""
    return b"".join([b",", descriptor, local_table, bytes([code_size]), data, b"\0"])


def _color_table(colors: bytes) -> tuple[int, bytes]:
    """Return the bits of an index, and the table with room for transparent pixels, if possible."""
    bits = min(max((len(colors) // 3).bit_length(), 1), 8)
    return bits, colors.ljust(3 << bits, b"\0")
