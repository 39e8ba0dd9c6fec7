"""The frames of an animation that Pillow has opened: which, for how long, and how often."""

from collections.abc import Iterator, Sequence

from PIL import Image

FOREVER = 0  # plays


def frames_of(image: Image.Image, numbers: Sequence[int]) -> Iterator[tuple[int, Image.Image]]:
    """Give frames, by their numbers from 0, each drawn upon those before it as its format says."""
    for number in numbers:
        image.seek(number)
        image.load()
        yield number, image


def duration_of(image: Image.Image) -> int:
    duration: float = image.info.get("duration", 0)
    return round(duration)


def plays_of(image: Image.Image) -> int:
    """
    Return how often an animation is to be played.

    GIF says how often it is repeated, and nothing if it is not.
    """
    loop: int | None = image.info.get("loop")
    if image.format == "GIF":
        return 1 if loop is None else (loop and loop + 1)
    return FOREVER if loop is None else loop
