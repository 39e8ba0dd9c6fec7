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
    image = sample_strips(image, _MAX_SAMPLE_PIXELS)
    pixels = image.width * image.height
    for chroma in image.convert("RGB").convert("YCbCr").split()[1:]:
        subsampled = chroma.reduce(2).resize(chroma.size, Image.Resampling.BILINEAR)
        difference = ImageChops.difference(chroma, subsampled)
        visible = sum(difference.histogram()[_VISIBLE_DIFFERENCE:])
        if visible * 1_000 > pixels * _MAX_VISIBLE_PER_MILLE:
            return True
    return False


def sample_strips(image: Image.Image, pixels: int) -> Image.Image:
    """Return about that many pixels: strips from all over the image, stacked."""
    strips = math.ceil(image.height / _STRIP_HEIGHT)
    step = math.ceil(image.width * image.height / max(pixels, 1))
    if step == 1:
        return image
    sample = Image.new(image.mode, (image.width, _STRIP_HEIGHT * math.ceil(strips / step)))
    for index, top in enumerate(range(0, image.height, _STRIP_HEIGHT * step)):
        strip = image.crop((0, top, image.width, top + _STRIP_HEIGHT))
        sample.paste(strip, (0, _STRIP_HEIGHT * index))
    return sample
