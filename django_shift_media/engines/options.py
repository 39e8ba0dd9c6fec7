"""The settings that decide what an engine accepts, and how it renders."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.core.exceptions import ImproperlyConfigured

from django_shift_media.naming.formats import SourceFormat

if TYPE_CHECKING:
    from PIL import Image

Color = Literal["srgb", "p3"]
Truncated = Literal["refuse", "accept"]
StepFunction = Callable[["Image.Image"], "Image.Image"]


def no_step(name: str) -> StepFunction:
    raise ImproperlyConfigured(f"The step {name!r} is not configured.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """
    The options of an engine, independent of Django's settings.

    ``max_pixels`` limits width times height times frames, for sources and for resizes.
    ``max_frames`` limits the frames of a source, and the tiles, layers and extra channels of a
    frame.
    ``formats`` are the accepted source formats. ``color`` is the color space of resizes: "p3"
    keeps the colors of Display P3, all others become sRGB. ``truncated`` says whether a JPEG
    whose end is missing is refused or accepted. ``keep_credit`` copies the metadata that say who
    made the image, and what it may be used for. ``get_step`` returns the function of a step by its
    name, or raises ``ImproperlyConfigured``.
    """

    max_pixels: int
    max_frames: int = 2_000
    formats: tuple[SourceFormat, ...] = ("jpg", "png", "webp", "avif", "gif")
    color: Color = "srgb"
    truncated: Truncated = "refuse"
    keep_credit: bool = False
    get_step: Callable[[str], StepFunction] = no_step
