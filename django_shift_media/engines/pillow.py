"""
The image engine on Pillow.

The original is decoded no larger than necessary, and scaled once, from the part that is shown.
"""

import math
from collections.abc import Iterator, Sequence

from PIL import Image

from django_shift_media.engines.color.conversion import to_scalable_mode
from django_shift_media.engines.decode.frames import iter_frames
from django_shift_media.engines.decode.jpeg_scale import decode_margin, decoded_scale
from django_shift_media.engines.decode.open import SourceImage
from django_shift_media.engines.engine import Backend, Engine
from django_shift_media.engines.jobs import DecodedFrame, Job
from django_shift_media.engines.pipeline import with_premultiplied_alpha

# While an image is more than this many times larger than the result, whole pixels are averaged
# before it is resampled: https://pillow.readthedocs.io/en/stable/reference/Image.html (resize).
REDUCING_GAP = 3


def decode(data: bytes, source: SourceImage, jobs: Sequence[Job]) -> Iterator[DecodedFrame]:
    _shrink_on_load(source, jobs)
    indexes = sorted({index for job in jobs for index in job.indexes})
    for index, image, start, end in iter_frames(data, source, indexes):
        shrink = decoded_scale(image)
        needing = [job for job in jobs if index in job.indexes]
        yield DecodedFrame(image, (shrink, shrink), needing, (start, end))


def _shrink_on_load(source: SourceImage, jobs: Sequence[Job]) -> None:
    """Choose the smallest scale of a JPEG that is large enough for all jobs."""
    width, height = source.stored_size(source.size)
    margin = decode_margin(source.image)
    across, down = (
        min(ratios) / margin for ratios in zip(*(job.ratio for job in jobs), strict=True)
    )
    source.shrink_on_load((math.ceil(width / across), math.ceil(height / down)))


def scale(frame: DecodedFrame) -> list[Image.Image]:
    image = to_scalable_mode(frame.image)
    return [_crop_and_scale(image, job, frame) for job in frame.jobs]


def _crop_and_scale(image: Image.Image, job: Job, frame: DecodedFrame) -> Image.Image:
    across, down = frame.shrink
    left, top, right, bottom = job.box
    # Rounding may place the box outside the decoded image by a part of a pixel.
    box = (
        left / across,
        top / down,
        min(right / across, image.width),
        min(bottom / down, image.height),
    )
    whole = (0.0, 0.0, float(image.width), float(image.height))
    if job.scaled_size == image.size and box == whole:
        return image
    return with_premultiplied_alpha(
        image,
        lambda image: image.resize(
            job.scaled_size, Image.Resampling.LANCZOS, box=box, reducing_gap=REDUCING_GAP
        ),
    )


backend = Backend(decode, scale)
engine = Engine(lambda source, jobs: backend)
