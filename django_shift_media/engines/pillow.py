"""
The image engine on Pillow.

The original is decoded no larger than needed, and scaled once, from the wanted part of it.
"""

import math
from collections.abc import Iterator, Sequence

from PIL import Image

from django_shift_media.engines.animation import duration_of, frames_of
from django_shift_media.engines.colour import to_full_colour
from django_shift_media.engines.finishing import premultiplied
from django_shift_media.engines.jobs import Job
from django_shift_media.engines.opening import Opened
from django_shift_media.engines.rendering import Engine

# A JPEG is decoded at the least of its DCT scales (1/8, 1/4, 1/2) that is still so many times
# larger than the result: more costs time, less costs sharpness.
DECODE_MARGIN = 1.25
# How many times larger than the result a picture may be before whole pixels are averaged first.
REDUCING_GAP = 3


def scale(
    data: bytes, source: Opened, jobs: Sequence[Job]
) -> Iterator[tuple[Job, Image.Image, int]]:
    _shrink_on_load(source, jobs)
    wanted = sorted({number for job in jobs for number in job.numbers})
    for number, frame in frames_of(source.image, wanted):
        for job in jobs:
            if number in job.numbers:
                image = to_full_colour(frame)
                # A JPEG's decoder rounds the sides up that it makes smaller.
                reduced = round(max(source.size) / max(image.size))
                yield job, scaled(image, job, (reduced, reduced)), duration_of(frame)


def _shrink_on_load(source: Opened, jobs: Sequence[Job]) -> None:
    """Decode at the least scale that is enough for all."""
    width, height = source.stored_size(source.size)
    across, down = (
        min(ratios) / DECODE_MARGIN for ratios in zip(*(job.ratio for job in jobs), strict=True)
    )
    source.shrink_on_load((math.ceil(width / across), math.ceil(height / down)))


def scaled(image: Image.Image, job: Job, reduced: tuple[float, float]) -> Image.Image:
    """Scale what a job wants of an image of which so many pixels, across and down, became one."""
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
    return premultiplied(
        image,
        lambda image: image.resize(
            job.scaled, Image.Resampling.LANCZOS, box=box, reducing_gap=REDUCING_GAP
        ),
    )


engine = Engine(scale)
