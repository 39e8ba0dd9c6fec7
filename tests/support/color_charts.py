"""Charts of colors, and how far colors are apart."""

import itertools
from typing import Any

import pyvips
from PIL import Image

SIDE = 16  # of a patch, in pixels
LEVELS = (0, 60, 128, 200, 255)
RGB = list(itertools.product(LEVELS, repeat=3))


def chart(mode: str, colors: list[Any]) -> Image.Image:
    """A row of patches of one color each."""
    row = Image.new(mode, (len(colors), 1))
    row.putdata(colors)
    return row.resize((SIDE * len(colors), SIDE), Image.Resampling.NEAREST)


def patches(image: Image.Image) -> list[Any]:
    image = image.convert("RGB")
    return [image.getpixel((x, SIDE // 2)) for x in range(SIDE // 2, image.width, SIDE)]


def difference(ones: list[Any], others: list[Any]) -> float:
    """Return the largest ΔE2000 of pairs of colors, by libvips."""
    assert len(ones) == len(others)
    one, other = (
        pyvips.Image.new_from_memory(
            bytes(part for color in colors for part in color), len(colors), 1, 3, "uchar"
        ).copy(interpretation="srgb")
        for colors in (ones, others)
    )
    return float(one.dE00(other).max())


def whole(image: Image.Image, format: str) -> str:
    return f"{image.width}x-fit-90-noupscale.{format}"
