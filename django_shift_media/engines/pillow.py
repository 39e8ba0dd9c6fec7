"""
The image engine on Pillow.

A resize is a walk through ``STEPS``. The original is decoded no larger than needed, scaled once,
from the wanted part of it, and keeps none of its metadata.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageFilter

from django_shift_media.conf import conf
from django_shift_media.engines import ImageInfo
from django_shift_media.engines.animation import Timing, duration_of, frames_of, plays_of
from django_shift_media.engines.colour import is_p3, to_full_colour, to_srgb
from django_shift_media.engines.credit import credit_of
from django_shift_media.engines.encoding import Picture, encode
from django_shift_media.engines.limits import check_result
from django_shift_media.engines.opening import Opened, decoding, opened
from django_shift_media.formats import FORMATS
from django_shift_media.geometry import Plan
from django_shift_media.resizes import Resize
from django_shift_media.stopwatch import Stopwatch

# A JPEG is decoded at the least of its DCT scales (1/8, 1/4, 1/2) that is still so many times
# larger than the result: more costs time, less costs sharpness.
_DECODE_MARGIN = 1.25
# How many times larger than the result a picture may be before whole pixels are averaged first.
_REDUCING_GAP = 3


@dataclass(frozen=True, slots=True)
class _Job:
    """One resize of an original, the numbers of its frames, and those that are made."""

    resize: Resize
    plan: Plan
    source: Opened
    profile: bytes | None
    numbers: Sequence[int]
    frames: list[Image.Image] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)

    @property
    def keeps_p3(self) -> bool:
        # A colour to put the picture on is one of sRGB.
        return conf.color == "p3" and self.resize.format != "gif" and not self.resize.background


def verify(data: bytes, *, max_pixels: int) -> ImageInfo:
    with decoding(data):
        source = opened(data, max_pixels)
        source.image.draft(None, (1, 1))  # JPEG only: read every byte, make few pixels
        for _ in frames_of(source.image, range(source.frames.stop)):
            pass
        return ImageInfo(source.format, *source.size)


def render(
    data: bytes, resize: Resize, *, max_pixels: int, stopwatch: Stopwatch | None = None
) -> bytes:
    (resized,) = render_many(data, [resize], max_pixels=max_pixels, stopwatch=stopwatch)
    return resized


def render_many(
    data: bytes,
    resizes: Sequence[Resize],
    *,
    max_pixels: int,
    stopwatch: Stopwatch | None = None,
) -> list[bytes]:
    stopwatch = stopwatch or Stopwatch()
    with decoding(data):
        source = opened(data, max_pixels)
        jobs = [_job(resize, source, max_pixels) for resize in resizes]
        _shrink_on_load(source, jobs)
        _make_frames(source, jobs)
        plays, exif = plays_of(source.image), credit_of(source.image)
    stopwatch.lap("decode")
    encoded = [encode(_picture(job, plays, exif), job.resize) for job in jobs]
    stopwatch.lap("encode")
    return encoded


def _job(resize: Resize, source: Opened, max_pixels: int) -> _Job:
    plan = resize.plan(*source.size)
    numbers: Sequence[int] = source.frames
    if resize.frame or len(numbers) == 1 or not FORMATS[resize.format].animated:
        numbers = [source.still(resize.frame)]
    check_result(plan.size, max_pixels, frames=len(numbers))
    return _Job(resize, plan, source, source.image.info.get("icc_profile"), numbers)


def _shrink_on_load(source: Opened, jobs: Sequence[_Job]) -> None:
    """Decode a JPEG at the least scale that is enough for all; other formats know no scales."""
    width, height = (max(sides) for sides in zip(*map(_decoded_size, jobs), strict=True))
    if source.image.size != source.size:
        width, height = height, width
    source.image.draft(None, (width, height))


def _decoded_size(job: _Job) -> tuple[int, int]:
    left, top, right, bottom = job.plan.box
    width, height = job.plan.scaled
    return (
        math.ceil(width * _DECODE_MARGIN * job.source.size[0] / (right - left)),
        math.ceil(height * _DECODE_MARGIN * job.source.size[1] / (bottom - top)),
    )


def _make_frames(source: Opened, jobs: Sequence[_Job]) -> None:
    wanted = sorted({number for job in jobs for number in job.numbers})
    for number, frame in frames_of(source.image, wanted):
        for job in jobs:
            if number in job.numbers:
                job.durations.append(duration_of(frame))
                job.frames.append(_walk(frame, job))


def _walk(original: Image.Image, job: _Job) -> Image.Image:
    image = original
    for step in STEPS:
        image = step(image, job)
    if image is original:  # which may be needed again
        image = image.copy()
    # Encoders take comments, profiles and more from here, whatever they are asked for.
    image.info = {}
    return image


def _picture(job: _Job, plays: int, exif: bytes | None) -> Picture:
    timing = Timing(tuple(job.durations), plays) if len(job.frames) > 1 else None
    profile = job.profile if job.keeps_p3 and is_p3(job.profile) else None
    return Picture(job.frames, timing, profile, exif)


def _to_full_colour(image: Image.Image, job: _Job) -> Image.Image:
    return to_full_colour(image)


def _orient(image: Image.Image, job: _Job) -> Image.Image:
    return image if job.source.turn is None else image.transpose(job.source.turn)


def _scale(image: Image.Image, job: _Job) -> Image.Image:
    # A decoder rounds the sides up that it makes smaller: what it adds there is no picture.
    reduced = round(max(job.source.size) / max(image.size))
    left, top, right, bottom = (side / reduced for side in job.plan.box)
    box = (left, top, min(right, image.width), min(bottom, image.height))
    whole = (0.0, 0.0, float(image.width), float(image.height))
    if job.plan.scaled == image.size and box == whole:
        return image
    return _premultiplied(
        image,
        lambda image: image.resize(
            job.plan.scaled, Image.Resampling.LANCZOS, box=box, reducing_gap=_REDUCING_GAP
        ),
    )


def _premultiplied(image: Image.Image, change: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Change a picture so that the colour of what is not seen does not show at the edges."""
    if not image.mode.endswith("A"):
        return change(image)
    return change(image.convert(f"{image.mode[:-1]}a")).convert(image.mode)


def _to_srgb(image: Image.Image, job: _Job) -> Image.Image:
    return to_srgb(image, job.profile, keep_p3=job.keeps_p3)


def _put_on_background(image: Image.Image, job: _Job) -> Image.Image:
    """Put the picture on its background, if it has one or needs one."""
    resize, plan = job.resize, job.plan
    is_clear = image.mode.endswith("A")
    needs_one = is_clear and not FORMATS[resize.format].transparent
    if not (resize.background or needs_one or resize.how == "pad"):
        return image
    ground = Image.new("RGB", plan.size, f"#{resize.background or 'ffffff'}")
    ground.paste(image, plan.place, mask=image.getchannel("A") if is_clear else None)
    return ground


def _blur(image: Image.Image, job: _Job) -> Image.Image:
    if not job.resize.blur:
        return image
    blur = ImageFilter.GaussianBlur(job.resize.blur)
    return _premultiplied(image, lambda image: image.filter(blur))


def _sharpen(image: Image.Image, job: _Job) -> Image.Image:
    if not job.resize.sharpen:
        return image
    mask = ImageFilter.UnsharpMask(radius=1, percent=job.resize.sharpen, threshold=0)
    return _premultiplied(image, lambda image: image.filter(mask))


def _to_grey(image: Image.Image, job: _Job) -> Image.Image:
    """Weigh the colours of sRGB as they are encoded: ITU-R BT.601."""
    if not job.resize.grayscale:
        return image
    return image.convert("LA" if image.mode.endswith("A") else "L")


Step = Callable[[Image.Image, _Job], Image.Image]
STEPS: tuple[Step, ...] = (
    _to_full_colour,
    _orient,
    _scale,
    _to_srgb,
    _put_on_background,
    _blur,
    _sharpen,
    _to_grey,
)
