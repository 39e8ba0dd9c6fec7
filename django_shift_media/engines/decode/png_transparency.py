"""
The transparent color of a PNG without alpha channel: PNG, third edition, 11.3.1.1.

Pillow scales pixels to 8 bits, and leaves the color as the file has it. Only 1-bit images were
fixed, except for colors that no pixel can have: https://github.com/python-pillow/Pillow/issues/9281.
Grayscale of 2 and 4 bits, and RGB of 16 bits, still need this in Pillow 13.0. (Grayscale of 16 bits
keeps all of them.)
"""

import io

from PIL import Image, ImageChops
from PIL.PngImagePlugin import PngImageFile

from django_shift_media.engines.decode.png_chunks import iter_chunks

_BIT_DEPTH_OFFSET = 24
_LOW_BYTES = "RGB;16L"  # Pillow takes the second of two bytes, as for little-endian numbers


def fix_transparent_color(image: Image.Image, data: bytes) -> None:
    """
    Make the transparent color comparable to the pixels; decode a still RGB image of 16 bits.

    Of the latter, two decoded images are compared, one after the other, to stay within the memory
    of a PNG with alpha channel.
    """
    depth, color = data[_BIT_DEPTH_OFFSET], image.info.get("transparency")
    if image.mode in {"1", "L"} and depth < 8 and isinstance(color, int):
        _fix_gray(image, depth, _stored_color(data))
    elif image.mode == "RGB" and depth == 16 and color:
        _fix_deep_rgb(image, data, color)


def has_transparent_color(data: bytes) -> bool:
    return any(kind == b"tRNS" for kind, _ in iter_chunks(data))


def _stored_color(data: bytes) -> int:
    """Return the low byte, which is all that browsers look at."""
    return next(data[at + 1] for kind, at in iter_chunks(data) if kind == b"tRNS")


def _fix_gray(image: Image.Image, depth: int, color: int) -> None:
    """Scale a gray of few bits to 8; leave out one that no pixel can have."""
    most = 2**depth - 1
    if color <= most:
        image.info["transparency"] = color * 255 // most
    else:
        del image.info["transparency"]


def _fix_deep_rgb(image: Image.Image, data: bytes, color: tuple[int, ...]) -> None:
    high = tuple(component >> 8 for component in color)
    image.info["transparency"] = high
    if getattr(image, "n_frames", 1) == 1:
        low_bytes = _decode_low_bytes(data)
        mask = _matches(low_bytes, tuple(component & 0xFF for component in color))
        del low_bytes, image.info["transparency"]
        image.load()
        mask = ImageChops.darker(mask, _matches(image, high))
        image.putalpha(ImageChops.invert(mask))


def _decode_low_bytes(data: bytes) -> Image.Image:
    image = PngImageFile(io.BytesIO(data))
    image.tile = [tile._replace(args=_LOW_BYTES) for tile in image.tile]
    image.load()
    return image


def _matches(image: Image.Image, color: tuple[int, ...]) -> Image.Image:
    """Return a mask that is 255 where each component is the one of the color."""
    mask = Image.new("L", image.size, 255)
    for band, component in enumerate(color):
        table = [255 if level == component else 0 for level in range(256)]
        mask = ImageChops.darker(mask, image.getchannel(band).point(table))
    return mask
