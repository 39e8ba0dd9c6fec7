"""The settings that decide what an engine accepts, and how it renders."""

from dataclasses import dataclass
from typing import Literal

from django_shift_media.naming.formats import SourceFormat

Color = Literal["srgb", "p3"]
Truncated = Literal["refuse", "accept"]


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
    made the image, and what it may be used for.
    """

    max_pixels: int
    max_frames: int = 2_000
    formats: tuple[SourceFormat, ...] = ("jpg", "png", "webp", "avif", "gif")
    color: Color = "srgb"
    truncated: Truncated = "refuse"
    keep_credit: bool = False
