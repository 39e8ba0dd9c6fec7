"""The frames of an animation that Pillow has opened: their order, durations and repetitions."""

from collections.abc import Iterator, Sequence

from PIL import Image

ENDLESS = 0  # a number of plays
# Parts of other formats are pages or further images. Those of a HEIC are in any order, so that
# seek(0) may leave the image that the file is meant to show.
_WITH_FRAMES = frozenset({"GIF", "PNG", "WEBP", "AVIF"})


def iter_frames(image: Image.Image, indexes: Sequence[int]) -> Iterator[tuple[int, Image.Image]]:
    """
    Yield each index, from 0, with its frame, composed with earlier frames as the format requires.

    All frames are the same object, which shows one after the other.
    """
    for index in indexes:
        if image.format in _WITH_FRAMES:
            image.seek(index)
        image.load()
        yield index, image


def frame_duration(image: Image.Image) -> int:
    """Return for how many milliseconds the current frame is shown."""
    duration: float = image.info.get("duration", 0)
    return round(duration)


def play_count(image: Image.Image) -> int:
    """
    Return how many times an animation is played, ``ENDLESS`` for no end.

    A GIF stores the number of repetitions after the first time, and none if it is played once;
    Pillow returns that number as it is: https://github.com/python-pillow/Pillow/issues/4575.
    """
    loop: int | None = image.info.get("loop")
    if image.format == "GIF":
        return 1 if loop is None else (loop and loop + 1)
    return ENDLESS if loop is None else loop
