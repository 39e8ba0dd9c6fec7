"""Watermarks for the tests of the step ``Overlay``, and what libvips makes of them."""

from pathlib import Path

import pyvips
from PIL import Image


def watermark(path: Path, size: tuple[int, int] = (40, 20)) -> Image.Image:
    """Store a watermark with soft edges and different colors, and return it."""
    red, green = Image.linear_gradient("L").resize(size), Image.radial_gradient("L").resize(size)
    image = Image.merge("RGBA", (red, green, Image.new("L", size, 200), green))
    image.save(path)
    return image


def composed(
    ground: Image.Image, overlay: Image.Image, place: tuple[int, int], opacity: float = 1
) -> Image.Image:
    """Return an overlay over a ground, by libvips, whose operator is that of Porter and Duff."""
    below, above = (_to_libvips(image.convert("RGBA")) for image in (ground, overlay))
    above = (above * [1, 1, 1, opacity]).copy(interpretation="srgb")
    result = below.composite2(above, "over", x=place[0], y=place[1])
    pixels = (result + 0.5).cast("uchar").write_to_memory()
    return Image.frombytes("RGBA", ground.size, pixels)


def _to_libvips(image: Image.Image) -> pyvips.Image:
    pixels = pyvips.Image.new_from_memory(image.tobytes(), *image.size, 4, "uchar")
    return pixels.copy(interpretation="srgb")
