"""
Palettes for the frames of a GIF: those that look alike share one.

With a palette for each, what does not move would have other numbers in each frame, and would be
stored again and again; and to find one takes longer than all else.
"""

from collections.abc import Iterator, Sequence

from PIL import Image

_MOST_PIXELS = 1_000_000  # of frames that share a palette, unless it is but one
# Those of one scene are up to 0.2 apart, and other pictures from 0.4 on.
_APART = 0.25
_LEVELS = 8  # of a color, that are counted as one


def quantized(frames: Sequence[Image.Image], colors: int) -> list[Image.Image]:
    """Return opaque frames, all of one size, with palettes of so many colors at most."""
    return [image for group in _groups(frames) for image in _together(group, colors)]


def _groups(frames: Sequence[Image.Image]) -> Iterator[list[Image.Image]]:
    """Yield runs of frames whose colors are about those of the first of them."""
    group: list[Image.Image] = []
    for frame in frames:
        is_full = (len(group) + 1) * frame.width * frame.height > _MOST_PIXELS
        if group and (is_full or _distance(group[0], frame) > _APART):
            yield group
            group = []
        group.append(frame)
    yield group


def _distance(one: Image.Image, other: Image.Image) -> float:
    """Return which part of a picture has colors that the other one has not, 0 to 2."""
    pairs = zip(_histogram(one), _histogram(other), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (one.width * one.height * len(one.getbands()))


def _histogram(image: Image.Image) -> list[int]:
    counts = image.histogram()
    return [sum(counts[at : at + _LEVELS]) for at in range(0, len(counts), _LEVELS)]


def _together(frames: Sequence[Image.Image], colors: int) -> Iterator[Image.Image]:
    """Quantize frames as one picture, in which one lies below the other."""
    width, height = frames[0].size
    tall = Image.new("RGB", (width, height * len(frames)))
    places = [(0, height * number) for number in range(len(frames))]
    for frame, place in zip(frames, places, strict=True):
        tall.paste(frame, place)
    small = tall.quantize(colors, Image.Quantize.MEDIANCUT)
    for left, top in places:
        yield small.crop((left, top, left + width, top + height))
