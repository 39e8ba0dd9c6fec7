"""Placeholders beside the pictures that they stand for."""

from PIL import Image, ImageChops, ImageStat

# Of 255, in the mean of all channels and pixels: what a ThumbHash may differ from the picture.
MAX_ERROR = 26
TEXT = "3ucZFYh2d4hvd4d3d1h3h73P3uv8 #c6e4e0"


def error(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures, the first of which is scaled to the other."""
    scaled = one.convert("RGB").resize(other.size, Image.Resampling.BOX)
    stat = ImageStat.Stat(ImageChops.difference(scaled, other.convert("RGB")))
    return sum(stat.mean) / 3


def channels(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color.removeprefix("#")))
