"""
Decode and scale with Pillow.

The original is decoded no larger than necessary, and scaled once, from the part that is shown.
"""

import math
from collections.abc import Iterator, Sequence

from PIL import Image

from django_shift_media.engines.color.conversion import to_scalable_mode
from django_shift_media.engines.decode.frames import iter_frames
from django_shift_media.engines.decode.jpeg_scale import decode_margin, decoded_scale
from django_shift_media.engines.decode.open import SourceImage
from django_shift_media.engines.jobs import DecodedFrame, Job
from django_shift_media.naming.geometry import Box, Size

# While an image is more than this many times larger than the result, whole pixels are averaged
# before it is resampled: https://pillow.readthedocs.io/en/stable/reference/Image.html (resize).
REDUCING_GAP = 3
_STRIP_ROWS = 64  # about


def decode(data: bytes, source: SourceImage, jobs: Sequence[Job]) -> Iterator[DecodedFrame]:
    """Yield the frames that jobs need."""
    return _decode(data, source, jobs, sorted({index for job in jobs for index in job.indexes}))


def decode_all(data: bytes, source: SourceImage, jobs: Sequence[Job]) -> Iterator[DecodedFrame]:
    """Yield all frames, also those that no job needs."""
    return _decode(data, source, jobs, range(source.frames.stop))


def _decode(
    data: bytes, source: SourceImage, jobs: Sequence[Job], indexes: Sequence[int]
) -> Iterator[DecodedFrame]:
    _shrink_on_load(source, jobs)
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
    if not image.mode.endswith("A") or _is_opaque(image):
        return _resize(image, job.scaled_size, box)
    if box == whole:
        premultiplied, box = _premultiply_reduced(image, job.scaled_size)
    else:
        premultiplied = _premultiply(image)
    return _resize(premultiplied, job.scaled_size, box).convert(image.mode)


def _resize(image: Image.Image, size: Size, box: Box) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=REDUCING_GAP)


def _is_opaque(image: Image.Image) -> bool:
    least, _ = image.getchannel("A").getextrema()
    return least == 255


def _premultiply(image: Image.Image) -> Image.Image:
    return image.convert(f"{image.mode[:-1]}a")


def _premultiply_reduced(image: Image.Image, size: Size) -> tuple[Image.Image, Box]:
    """
    Premultiply an image and average whole pixels, as ``Image.resize()`` does for this size.

    Also return what is the whole image in the result. A strip at a time, so that there is no second
    image of full size in memory.
    """
    across, down = (
        int(side / new / REDUCING_GAP) or 1 for side, new in zip(image.size, size, strict=True)
    )
    reduced_size = math.ceil(image.width / across), math.ceil(image.height / down)
    reduced = Image.new(f"{image.mode[:-1]}a", reduced_size)
    rows = down * math.ceil(_STRIP_ROWS / down)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        reduced.paste(_premultiply(strip).reduce((across, down)), (0, top // down))
    return reduced, (0, 0, image.width / across, image.height / down)
