"""Steps of a site: some that are right, and one for each thing that can be wrong."""

import io
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw, ImageOps

from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.naming.presets import resize_for
from django_shift_media.naming.resizes import Resize
from tests.support.pictures import decoded

HERE = "tests.support.steps"


def negative(image: Image.Image) -> Image.Image:
    """Invert the colors, and leave transparency as it is."""
    if image.mode == "RGB":
        return ImageOps.invert(image)
    *colors, alpha = image.split()
    return Image.merge("RGBA", [*map(ImageOps.invert, colors), alpha])


def frame(image: Image.Image, *, color: str = "#ff0000", width: int = 2) -> Image.Image:
    """Draw a frame on the image that it is given, along its edges."""
    box = (0, 0, image.width - 1, image.height - 1)
    ImageDraw.Draw(image).rectangle(box, outline=color, width=width)
    return image


def hole(image: Image.Image) -> Image.Image:
    """Make the left half transparent."""
    image.putalpha(255)
    image.paste((0, 0, 0, 0), (0, 0, image.width // 2, image.height))
    return image


def gray(image: Image.Image) -> Image.Image:
    return image.convert("LA" if image.mode == "RGBA" else "L")


class Seen:
    """Note what each call is given; created once."""

    created = 0
    images: list[tuple[str, tuple[int, int], dict[Any, Any]]] = []

    def __init__(self, **options: Any) -> None:
        type(self).created += 1

    def __call__(self, image: Image.Image) -> Image.Image:
        self.images.append((image.mode, image.size, dict(image.info)))
        return image


def refused(image: Image.Image) -> Image.Image:
    raise UnacceptableFile("The image has too few colors.")


def fails(image: Image.Image) -> Image.Image:
    raise ZeroDivisionError("by\nzero")


def nothing(image: Image.Image) -> Any:
    ImageDraw.Draw(image).point((0, 0))


def larger(image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, 1)


def in_cmyk(image: Image.Image) -> Image.Image:
    return image.convert("CMYK")


def cut_off(image: Image.Image) -> Image.Image:
    """Return an image that is damaged, which shows only when it is read."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Image.open(io.BytesIO(buffer.getvalue()[:-30]))


def greedy(image: Image.Image) -> Image.Image:
    raise MemoryError


# The name of each step that fails, and what the log says of it.
FAILURES: dict[str, tuple[Callable[[Image.Image], Any], str]] = {
    "fails": (fails, "ZeroDivisionError: by zero"),
    "nothing": (nothing, "it returned NoneType, not an image"),
    "larger": (larger, "must keep the size of 50 x 38 pixels, but returned 52 x 40"),
    "incmyk": (in_cmyk, "an image in mode CMYK"),
    "cutoff": (cut_off, "truncated"),
}


def steps(*functions: Callable[..., Any], version: int = 1) -> dict[str, Any]:
    """Return ``SHIFT_MEDIA_STEPS`` with these functions, under their names without "_"."""
    return {
        function.__name__.replace("_", "").lower(): {
            "step": f"{HERE}.{function.__name__}",
            "version": version,
        }
        for function in functions
    }


def all_steps() -> dict[str, Any]:
    """Return ``SHIFT_MEDIA_STEPS`` with each of the steps above."""
    good = (negative, frame, hole, gray, refused, greedy, Seen)
    return steps(*good, *(function for function, _ in FAILURES.values()))


def resize(size: str, format: Any, **options: Any) -> Resize:
    return resize_for(size, format, None, **options)


def made(data: bytes, size: str = "40x30", format: Any = "png", **options: Any) -> Image.Image:
    """Return a resize of an original, made by the engine of the settings."""
    wanted = resize(size, format, **options)
    image = decoded(get_engine().render(data, wanted, engine_options()))
    return image.convert("RGB") if image.mode == "P" else image  # a PNG of few colors


def key_of(url: str) -> str:
    return str(url).removeprefix("/media/")
