"""What is to be made of an image that is open: one job for each resize."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from django_shift_media.engines.decode.limits import check_result
from django_shift_media.engines.decode.open import SourceImage
from django_shift_media.engines.options import EngineOptions
from django_shift_media.naming.formats import OUTPUT_FORMATS
from django_shift_media.naming.geometry import Box, ResizeGeometry, Size
from django_shift_media.naming.resizes import Resize


@dataclass(frozen=True, slots=True)
class Job:
    """
    One resize of an original, the numbers of its frames, and those that are made.

    ``box`` is the part of the picture as it is stored, in its pixels, that becomes ``scaled``,
    width and height of what is only then turned upright.
    """

    resize: Resize
    plan: ResizeGeometry
    source: SourceImage
    numbers: Sequence[int]
    options: EngineOptions
    frames: list[Image.Image] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)

    @property
    def box(self) -> Box:
        return self.source.stored_box(self.plan.box)

    @property
    def scaled(self) -> Size:
        return self.source.stored_size(self.plan.scaled)

    @property
    def ratio(self) -> tuple[float, float]:
        """How many pixels of the original become one, across and down."""
        left, top, right, bottom = self.box
        width, height = self.scaled
        return (right - left) / width, (bottom - top) / height

    @property
    def keeps_p3(self) -> bool:
        # A color to put the picture on is one of sRGB.
        return (
            self.options.color == "p3"
            and self.resize.format != "gif"
            and not self.resize.background
        )


def job_of(resize: Resize, source: SourceImage, options: EngineOptions) -> Job:
    """Raise ``FileTooLarge`` for a result that is more than may be made."""
    plan = resize.geometry(*source.size)
    numbers: Sequence[int] = source.frames
    if resize.frame or len(numbers) == 1 or not OUTPUT_FORMATS[resize.format].animated:
        numbers = [source.still(resize.frame)]
    check_result(plan.size, options.max_pixels, frames=len(numbers))
    return Job(resize, plan, source, numbers, options)
