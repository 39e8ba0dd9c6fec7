"""
Palettes for the frames of a GIF: similar frames share one.

If each frame had its own palette, unchanged pixels would get new indexes in each frame and be
stored again; and finding a palette takes longer than everything else.
"""

from collections.abc import Iterator, Sequence

from PIL import Image

_MAX_GROUP_PIXELS = 1_000_000  # of frames that share a palette; a larger frame has its own
# Frames of one scene differ by up to 0.2, different pictures by 0.4 or more.
_MAX_DISTANCE = 0.25
_LEVELS_PER_BIN = 8  # of a histogram


def quantize_frames(frames: Sequence[Image.Image], colors: int) -> list[Image.Image]:
    """Return opaque frames, all of one size, in palette mode with at most that many colors."""
    return [
        image
        for group in _group_similar_frames(frames)
        for image in _quantize_with_one_palette(group, colors)
    ]


def _group_similar_frames(frames: Sequence[Image.Image]) -> Iterator[list[Image.Image]]:
    """Yield runs of frames that have about the same colors as the first frame of the run."""
    group: list[Image.Image] = []
    for frame in frames:
        is_full = (len(group) + 1) * frame.width * frame.height > _MAX_GROUP_PIXELS
        if group and (is_full or _color_distance(group[0], frame) > _MAX_DISTANCE):
            yield group
            group = []
        group.append(frame)
    yield group


def _color_distance(first: Image.Image, second: Image.Image) -> float:
    """Return the difference of two color histograms: 0 if equal, 2 if nothing is in common."""
    bins = zip(_histogram(first), _histogram(second), strict=True)
    values = first.width * first.height * len(first.getbands())
    return sum(abs(a - b) for a, b in bins) / values


def _histogram(image: Image.Image) -> list[int]:
    counts = image.histogram()
    return [
        sum(counts[start : start + _LEVELS_PER_BIN])
        for start in range(0, len(counts), _LEVELS_PER_BIN)
    ]


def _quantize_with_one_palette(frames: Sequence[Image.Image], colors: int) -> Iterator[Image.Image]:
    """Quantize all frames as one tall image, and yield its parts."""
    width, height = frames[0].size
    tall = Image.new("RGB", (width, height * len(frames)))
    corners = [(0, height * index) for index in range(len(frames))]
    for frame, corner in zip(frames, corners, strict=True):
        tall.paste(frame, corner)
    quantized = tall.quantize(colors, Image.Quantize.MEDIANCUT)
    for left, top in corners:
        yield quantized.crop((left, top, left + width, top + height))
