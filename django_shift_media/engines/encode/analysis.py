"""Properties of an image's content that its encoding depends on."""

import math

from PIL import Image, ImageChops

# A difference of chroma that is visible, of 255, and how many of a thousand pixels may have it.
_VISIBLE_DIFFERENCE = 24
_MAX_VISIBLE_PER_MILLE = 5
_MAX_SAMPLE_PIXELS = 100_000
_STRIP_HEIGHT = 16


def fits_palette(image: Image.Image) -> bool:
    """Return whether an image has no more than 256 colors."""
    return image.getcolors(256) is not None


def needs_full_chroma(image: Image.Image) -> bool:
    """Return whether it would be visible if four pixels shared one color, as in 4:2:0."""
    if image.mode in {"L", "LA"}:
        return False
    # Each strip by itself: side by side, they would have an edge that the image does not have.
    strips = [strip.convert("RGB") for strip in _strips(image, _MAX_SAMPLE_PIXELS)]
    pixels = sum(strip.width * strip.height for strip in strips)
    visible: list[int] = [
        sum(counts) for counts in zip(*map(_visible_differences, strips), strict=True)
    ]
    return max(visible) * 1_000 > pixels * _MAX_VISIBLE_PER_MILLE


def sample_strips(image: Image.Image, pixels: int) -> Image.Image:
    """Return about that many pixels: strips from all over the image, stacked."""
    strips = _strips(image, pixels)
    if len(strips) == 1:
        return strips[0]
    sample = Image.new(image.mode, (image.width, sum(strip.height for strip in strips)))
    top = 0
    for strip in strips:
        sample.paste(strip, (0, top))
        top += strip.height
    return sample


def _strips(image: Image.Image, pixels: int) -> list[Image.Image]:
    """Return strips from all over the image, of about that many pixels in all."""
    step = math.ceil(image.width * image.height / max(pixels, 1))
    if step == 1:
        return [image]
    return [
        image.crop((0, top, image.width, min(top + _STRIP_HEIGHT, image.height)))
        for top in range(0, image.height, _STRIP_HEIGHT * step)
    ]


def _visible_differences(strip: Image.Image) -> list[int]:
    """Count the pixels whose blue, and whose red, would differ visibly after 4:2:0."""
    counts = []
    for chroma in strip.convert("YCbCr").split()[1:]:
        subsampled = chroma.reduce(2).resize(chroma.size, Image.Resampling.BILINEAR)
        histogram = ImageChops.difference(chroma, subsampled).histogram()
        counts.append(sum(histogram[_VISIBLE_DIFFERENCE:]))
    return counts
