"""
The image engine on libvips: still JPEG, PNG and WebP; all else is left to Pillow.

libvips scales a picture while it is decoded, so that a large one takes little memory. Only the
loaders that are named here ever see a file, and only one that has passed the limits.
"""

from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType
from typing import Any

import pyvips
from PIL import Image

from django_shift_media.engines import pillow
from django_shift_media.engines.jobs import Job
from django_shift_media.engines.opening import Opened
from django_shift_media.engines.pillow import DECODE_MARGIN, REDUCING_GAP
from django_shift_media.engines.rendering import Engine
from django_shift_media.formats import SourceFormat

# Where so many pixels become one, half a pixel is not seen.
_COARSE = 4
_MODES = MappingProxyType({1: "L", 2: "La", 3: "RGB", 4: "RGBa"})

Scaled = list[Image.Image]


def scale(
    data: bytes, source: Opened, jobs: Sequence[Job]
) -> Iterator[tuple[Job, Image.Image, int]]:
    try:
        scaled = _scaled(data, source, jobs)
    except pyvips.Error:
        scaled = None  # whether a file is damaged does not depend on the engine
    if scaled is None:
        yield from pillow.scale(data, source, jobs)
    else:
        yield from ((job, image, 0) for job, image in zip(jobs, scaled, strict=True))


def _scaled(data: bytes, source: Opened, jobs: Sequence[Job]) -> Scaled | None:
    """Return the pictures of all jobs, None for what libvips does not do by our rules."""
    if source.frames != range(1) or source.image.mode == "CMYK":
        return None
    if reader := _READERS.get(source.format):
        return reader(data, source, jobs)
    return None


def _jpeg(data: bytes, source: Opened, jobs: Sequence[Job]) -> Scaled | None:
    ratio = _least_ratio(jobs)
    shrink = next((shrink for shrink in (8, 4, 2) if ratio >= shrink * DECODE_MARGIN), 1)
    if any(side % shrink for side in source.size):  # it would be cut off
        return None
    return _while_decoding(pyvips.Image.jpegload_source, data, jobs, shrink)


def _webp(data: bytes, source: Opened, jobs: Sequence[Job]) -> Scaled | None:
    if source.image.mode != "RGB":  # colours that are not seen would be mixed in
        return None
    scale = min(DECODE_MARGIN / _least_ratio(jobs), 1)
    image = _to_pillow(_load(pyvips.Image.webpload_source, data, scale=scale))
    width, height = source.stored_size(source.size)
    reduced = width / image.width, height / image.height
    return [pillow.scaled(image, job, reduced) for job in jobs]


def _png(data: bytes, source: Opened, jobs: Sequence[Job]) -> Scaled | None:
    if data[24] == 16:  # bits, which are to be rounded
        return None
    return _while_decoding(pyvips.Image.pngload_source, data, jobs)


_READERS: MappingProxyType[
    SourceFormat, Callable[[bytes, Opened, Sequence[Job]], Scaled | None]
] = MappingProxyType({"jpg": _jpeg, "webp": _webp, "png": _png})


def _least_ratio(jobs: Sequence[Job]) -> float:
    return min(min(job.ratio) for job in jobs)


def _while_decoding(
    loader: Callable[..., Any], data: bytes, jobs: Sequence[Job], shrink: int = 1
) -> Scaled | None:
    if not all(_is_on_pixels(job, shrink) for job in jobs):
        return None
    image = _load(loader, data, **({"shrink": shrink} if shrink > 1 else {}))
    if len(jobs) > 1:  # it can be read but once
        image = image.copy_memory()
    return [_to_pillow(_shrunk(image, job, shrink)) for job in jobs]


def _is_on_pixels(job: Job, shrink: int) -> bool:
    """libvips cannot cut between two pixels, and has no Lanczos that enlarges."""
    ratio = min(job.ratio) / shrink
    return ratio >= _COARSE or (ratio >= 1 and all(side % shrink == 0 for side in job.box))


def _load(loader: Callable[..., Any], data: bytes, **options: Any) -> Any:
    # A source, whose bytes libvips neither copies nor remembers.
    source = pyvips.Source.new_from_memory(data)
    image = loader(source, access="sequential", fail_on="error", **options)
    # As many pictures at the same time as there are processors keep those busy.
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "concurrency", 1)
    return image


def _shrunk(image: Any, job: Job, shrink: int) -> Any:
    left, top, right, bottom = (round(side / shrink) for side in job.box)
    width, height = job.scaled
    image = image.crop(left, top, right - left, bottom - top)
    across, down = width / image.width, height / image.height
    if image.bands in {1, 3}:
        return image.resize(across, vscale=down, gap=REDUCING_GAP)
    return image.premultiply().rint().cast("uchar").resize(across, vscale=down, gap=REDUCING_GAP)


def _to_pillow(image: Any) -> Image.Image:
    mode, size = _MODES[image.bands], (image.width, image.height)
    return Image.frombytes(mode, size, image.write_to_memory()).convert(mode.upper())


engine = Engine(scale)
