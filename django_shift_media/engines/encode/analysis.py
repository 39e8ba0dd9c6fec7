"""What a picture looks like, as far as its encoding depends on that."""

import math

from PIL import Image, ImageChops

# The differences that are counted, of 255, and how many of a thousand pixels may have them.
_SEEN = 24
_FEW = 5
_LOOKED_AT = 100_000  # pixels, at most
_STRIP = 16  # rows


def has_few_colors(image: Image.Image) -> bool:
    """Say whether a palette has room for all of them."""
    return image.getcolors(256) is not None


def has_fine_colors(image: Image.Image) -> bool:
    """Say whether it would be seen if four pixels shared one color, as in 4:2:0."""
    if image.mode in {"L", "LA"}:
        return False
    image = sample(image, _LOOKED_AT)
    pixels = image.width * image.height
    for band in image.convert("RGB").convert("YCbCr").split()[1:]:
        shared = band.reduce(2).resize(band.size, Image.Resampling.BILINEAR)
        lost = ImageChops.difference(band, shared).histogram()[_SEEN:]
        if sum(lost) * 1_000 > pixels * _FEW:
            return True
    return False


def sample(image: Image.Image, pixels: int) -> Image.Image:
    """Return strips from all over a picture, one below the other, of about so many pixels."""
    strips = math.ceil(image.height / _STRIP)
    step = math.ceil(image.width * image.height / max(pixels, 1))
    if step == 1:
        return image
    found = Image.new(image.mode, (image.width, _STRIP * math.ceil(strips / step)))
    for number, top in enumerate(range(0, image.height, _STRIP * step)):
        strip = image.crop((0, top, image.width, top + _STRIP))
        found.paste(strip, (0, _STRIP * number))
    return found
