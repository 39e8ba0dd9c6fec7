"""
The image engine on Pillow.

The original is decoded no larger than needed, and scaled once, from the wanted part of it.
"""

import math
from collections.abc import Callable, Iterator, Sequence

from PIL import Image

from django_shift_media.engines.color.conversion import to_scalable_mode
from django_shift_media.engines.decode.frames import frame_duration, iter_frames
from django_shift_media.engines.decode.open import SourceImage
from django_shift_media.engines.engine import Engine
from django_shift_media.engines.jobs import Job
from django_shift_media.engines.pipeline import with_premultiplied_alpha

# A JPEG is decoded at the least of its DCT scales (1/8, 1/4, 1/2) that is still so many times
# larger than the result: more costs time, less costs sharpness.
DECODE_MARGIN = 1.25
# How many times larger than the result a picture may be before whole pixels are averaged first.
REDUCING_GAP = 3

Reduced = tuple[float, float]  # how many pixels of the original became one, across and down
# What scales a frame, as it has been decoded, to what each of some jobs wants of it.
ScaleFrame = Callable[[Image.Image, Sequence[Job], Reduced], list[Image.Image]]


def scale_frame(frame: Image.Image, jobs: Sequence[Job], reduced: Reduced) -> list[Image.Image]:
    image = to_scalable_mode(frame)
    return [scaled(image, job, reduced) for job in jobs]


def scale(
    data: bytes, source: SourceImage, jobs: Sequence[Job], scale_frame: ScaleFrame = scale_frame
) -> Iterator[tuple[Job, Image.Image, int]]:
    _shrink_on_load(source, jobs)
    wanted = sorted({number for job in jobs for number in job.numbers})
    for number, frame in iter_frames(source.image, wanted):
        # A JPEG's decoder rounds the sides up that it makes smaller.
        reduced = round(max(source.size) / max(frame.size))
        those = [job for job in jobs if number in job.numbers]
        for job, image in zip(those, scale_frame(frame, those, (reduced, reduced)), strict=True):
            yield job, image, frame_duration(frame)


def _shrink_on_load(source: SourceImage, jobs: Sequence[Job]) -> None:
    """Decode at the least scale that is enough for all."""
    width, height = source.stored_size(source.size)
    across, down = (
        min(ratios) / DECODE_MARGIN for ratios in zip(*(job.ratio for job in jobs), strict=True)
    )
    source.shrink_on_load((math.ceil(width / across), math.ceil(height / down)))


def scaled(image: Image.Image, job: Job, reduced: Reduced) -> Image.Image:
    """Scale what a job wants of an image in full color."""
    across, down = reduced
    left, top, right, bottom = job.box
    # What a decoder adds or drops at the ends is no picture.
    box = (
        left / across,
        top / down,
        min(right / across, image.width),
        min(bottom / down, image.height),
    )
    whole = (0.0, 0.0, float(image.width), float(image.height))
    if job.scaled == image.size and box == whole:
        return image
    return with_premultiplied_alpha(
        image,
        lambda image: image.resize(
            job.scaled, Image.Resampling.LANCZOS, box=box, reducing_gap=REDUCING_GAP
        ),
    )


engine = Engine(scale)
