"""The frames of an image that has been opened: their order, times and repetitions."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PIL import Image

from django_shift_media.engines.decode.composition import Layer, compose
from django_shift_media.engines.decode.gif_frames import iter_gif_layers
from django_shift_media.engines.decode.open import SourceImage
from django_shift_media.engines.decode.png_frames import iter_png_layers
from django_shift_media.exceptions import DAMAGED, UnreadableImage

ENDLESS = 0  # a number of plays
# Parts of other formats are pages or further images. Those of a HEIC are in any order, so that
# seek(0) may leave the image that the file is meant to show.
_WITH_FRAMES = frozenset({"gif", "png", "webp", "avif"})
_MAX_PLAYS = 65_535  # that GIF and WebP can store
# In milliseconds. Browsers show frames of up to 10 for 100, as many files say 0 without meaning it:
# https://webkit.org/b/36082.
_MIN_DURATION, _REPLACED_DURATION = 11, 100


class Frame(NamedTuple):
    """
    A composed frame, its number from 0, and from when to when it is shown, in milliseconds.

    ``image`` may be the same object for all frames, which shows one after the other.
    """

    number: int
    image: Image.Image
    start: float
    end: float


def iter_frames(data: bytes, source: SourceImage, indexes: Sequence[int]) -> Iterator[Frame]:
    """
    Yield the frames with these indexes, in ascending order.

    Raise ``UnreadableImage`` if there are fewer frames than the header declares.
    """
    layers = _iter_layers(data, source)
    first_composed = source.frames.stop if layers is None else source.frames.start
    yield from _iter_decoded(source, [n for n in indexes if n < first_composed])
    composed = {n for n in indexes if n >= first_composed}
    if layers is not None and composed:
        count = max(composed) - first_composed + 1
        for frame in _iter_composed(itertools.islice(layers, count), source):
            count -= 1
            if frame.number in composed:
                yield frame
        if count:
            raise UnreadableImage(DAMAGED, detail="it is truncated")


def _iter_layers(data: bytes, source: SourceImage) -> Iterator[Layer] | None:
    """Return None for what the decoder composes itself, and for a still PNG."""
    if source.format == "gif":
        return iter_gif_layers(data, source.image.size)
    if source.format == "png" and source.frames.stop > 1:
        return iter_png_layers(data, source.image.size)
    return None


def _iter_decoded(source: SourceImage, indexes: Sequence[int]) -> Iterator[Frame]:
    image = source.image
    for index in indexes:
        if source.format in _WITH_FRAMES:
            image.seek(index)
        image.load()
        start = image.info.get("timestamp", 0)
        yield Frame(index, source.crop(image), start, start + image.info.get("duration", 0))


def _iter_composed(layers: Iterator[Layer], source: SourceImage) -> Iterator[Frame]:
    end = 0.0
    for index, (image, duration) in enumerate(
        compose(layers, source.image.size), source.frames.start
    ):
        start, end = end, end + duration
        yield Frame(index, image, start, end)


def shown_durations(times: Sequence[tuple[float, float]]) -> list[float]:
    """
    Return for how many milliseconds browsers show each frame of an animation.

    ``times`` are from when to when. A frame is shown until the next one, as decoders round the
    duration of each frame, which would add up.
    """
    ends = [*(start for start, _end in times[1:]), times[-1][1]]
    durations = [round(end - start, 3) for (start, _end), end in zip(times, ends, strict=True)]
    return [duration if duration >= _MIN_DURATION else _REPLACED_DURATION for duration in durations]


def play_count(image: Image.Image) -> int:
    """
    Return how many times an animation is played, ``ENDLESS`` for no end.

    A GIF stores the number of repetitions after the first time, and none if it is played once;
    Pillow returns that number as it is: https://github.com/python-pillow/Pillow/issues/4575.
    """
    loop: int | None = image.info.get("loop")
    if image.format == "GIF":
        plays = 1 if loop is None else (loop and loop + 1)
    else:
        plays = ENDLESS if loop is None else loop
    return min(plays, _MAX_PLAYS)
