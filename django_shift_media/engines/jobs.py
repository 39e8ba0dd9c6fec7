"""What is to be made of an open image: a job for each resize, and the frames that jobs need."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from PIL import Image

from django_shift_media.engines.decode.limits import check_resize_size
from django_shift_media.engines.decode.open import SourceImage
from django_shift_media.engines.options import EngineOptions
from django_shift_media.naming.formats import OUTPUT_FORMATS
from django_shift_media.naming.geometry import Box, ResizeGeometry, Size
from django_shift_media.naming.resizes import Resize

# How many pixels of the stored original one decoded pixel stands for, across and down.
Shrink = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Job:
    """
    One resize of an original: the indexes of the frames that it needs, and its finished frames.

    ``times`` are from when to when each frame is shown, in milliseconds.
    """

    resize: Resize
    geometry: ResizeGeometry
    source: SourceImage
    indexes: Sequence[int]
    options: EngineOptions
    frames: list[Image.Image] = field(default_factory=list)
    times: list[tuple[float, float]] = field(default_factory=list)

    @property
    def box(self) -> Box:
        """The part of the original that is used, in its pixels as stored."""
        return self.source.stored_box(self.geometry.box)

    @property
    def scaled_size(self) -> Size:
        """The size of that part after scaling, before the image is turned upright."""
        return self.source.stored_size(self.geometry.scaled)

    @property
    def ratio(self) -> tuple[float, float]:
        """How many pixels of the original become one pixel, across and down."""
        left, top, right, bottom = self.box
        width, height = self.scaled_size
        return (right - left) / width, (bottom - top) / height

    @property
    def keeps_display_p3(self) -> bool:
        # GIF has no profiles, the encoder of JPEG XL writes none, a background color is a color of
        # sRGB, and steps are promised sRGB.
        return (
            self.options.color == "p3"
            and self.resize.format not in {"gif", "jxl"}
            and not self.resize.background
            and not self.resize.steps
        )


class DecodedFrame(NamedTuple):
    """
    A decoded frame of an original, and the jobs that need it.

    ``image`` is Pillow's, or of a type that only the backend knows. ``times`` are from when to
    when it is shown, in milliseconds.
    """

    image: Any
    shrink: Shrink
    jobs: Sequence[Job]
    times: tuple[float, float] = (0, 0)


def job_for(resize: Resize, source: SourceImage, options: EngineOptions) -> Job:
    """Return the job of a resize; raise ``FileTooLarge`` if its result would be too large."""
    geometry = resize.geometry(*source.size)
    indexes: Sequence[int] = source.frames
    if resize.frame or len(indexes) == 1 or not OUTPUT_FORMATS[resize.format].animated:
        indexes = [source.still_index(resize.frame)]
    check_resize_size(geometry.size, options.max_pixels, frames=len(indexes))
    return Job(resize, geometry, source, indexes, options)
