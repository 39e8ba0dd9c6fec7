"""How many levels, of 255, two pictures are apart: at most, and in the 99th percentile."""

from functools import reduce
from itertools import accumulate
from typing import NamedTuple

from PIL import Image, ImageChops


class LevelDifference(NamedTuple):
    """Of the components of all pixels; colors that are hardly visible count as little."""

    maximum: int
    percentile_99: int


def level_difference(one: Image.Image, other: Image.Image) -> LevelDifference:
    # A canvas does not keep the colors of what is almost transparent.
    pair = (image.convert("RGBA").convert("RGBa") for image in (one, other))
    bands = ImageChops.difference(*pair).split()
    totals = list(accumulate(reduce(ImageChops.lighter, bands).histogram()))
    pixels = totals[-1]
    return LevelDifference(
        next(level for level, total in enumerate(totals) if total == pixels),
        next(level for level, total in enumerate(totals) if total >= 0.99 * pixels),
    )
