"""
The image engine on libvips, which decodes still JPEG, PNG and WebP; Pillow decodes all else.

libvips scales a picture while it is decoded, so that a large one takes little memory, and scales
faster than Pillow, whoever has decoded it. Only the loaders that are named here ever see a file,
and only one that has passed the limits.
"""

from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType
from typing import Any

import pyvips
from PIL import Image

from django_shift_media.engines import pillow
from django_shift_media.engines.color.conversion import to_scalable_mode
from django_shift_media.engines.decode.open import SourceImage
from django_shift_media.engines.engine import Engine
from django_shift_media.engines.jobs import Job
from django_shift_media.engines.pillow import DECODE_MARGIN, Reduced
from django_shift_media.naming.formats import SourceFormat
from django_shift_media.naming.geometry import Box

# How many times larger than the result a picture may be before whole pixels are averaged first.
# With less than that it is hardly faster, and misses up to .008 of SSIM.
_REDUCING_GAP = 16
# Where so many pixels become one, half a pixel is not seen; elsewhere, so much of one.
_COARSE = 4
_NEAR = 0.001
# What Pillow has decoded is copied: for fewer pixels Pillow is done sooner, and more bytes would be
# too many beside those that it has.
_LEAST_PIXELS, _MOST_BYTES = 100_000, 16_000_000
_ROWS = 16
# By the number of bands: what libvips gives, and what is wanted.
_MODES = MappingProxyType({1: ("L", "L"), 2: ("La", "LA"), 3: ("RGB", "RGB"), 4: ("RGBa", "RGBA")})
_GIVEN = frozenset(given for given, _ in _MODES.values())

Scaled = list[Image.Image]


def scale(
    data: bytes, source: SourceImage, jobs: Sequence[Job]
) -> Iterator[tuple[Job, Image.Image, int]]:
    try:
        scaled = _decoded_and_scaled(data, source, jobs)
    except pyvips.Error:
        scaled = None  # whether a file is damaged does not depend on the engine
    if scaled is None:
        yield from pillow.scale(data, source, jobs, scale_frame=_scaled_frame)
    else:
        yield from ((job, image, 0) for job, image in zip(jobs, scaled, strict=True))


def _decoded_and_scaled(data: bytes, source: SourceImage, jobs: Sequence[Job]) -> Scaled | None:
    """Return the pictures of all jobs, None for what libvips does not decode by our rules."""
    if source.frames != range(1) or source.image.mode == "CMYK":
        return None
    if reader := _READERS.get(source.format):
        return reader(data, source, jobs)
    return None


def _jpeg(data: bytes, source: SourceImage, jobs: Sequence[Job]) -> Scaled | None:
    if source.image.info.get("progressive"):  # it takes four times Pillow's memory
        return None
    ratio = _least_ratio(jobs)
    shrink = next((shrink for shrink in (8, 4, 2) if ratio >= shrink * DECODE_MARGIN), 1)
    if any(side % shrink for side in source.size):  # it would be cut off
        return None
    return _while_decoding(pyvips.Image.jpegload_source, data, jobs, shrink)


def _webp(data: bytes, source: SourceImage, jobs: Sequence[Job]) -> Scaled | None:
    if source.image.mode != "RGB":  # colors that are not seen would be mixed in
        return None
    scale = min(DECODE_MARGIN / _least_ratio(jobs), 1)
    image = _load(pyvips.Image.webpload_source, data, scale=scale)
    width, height = source.stored_size(source.size)
    reduced = width / image.width, height / image.height
    if all(_is_on_pixels(job, reduced) for job in jobs):
        return _shrunk(image, jobs, reduced)
    decoded = _to_pillow(image)
    return [pillow.scaled(decoded, job, reduced) for job in jobs]


def _png(data: bytes, source: SourceImage, jobs: Sequence[Job]) -> Scaled | None:
    if data[24] == 16:  # bits, which are to be rounded
        return None
    return _while_decoding(pyvips.Image.pngload_source, data, jobs)


_READERS: MappingProxyType[
    SourceFormat, Callable[[bytes, SourceImage, Sequence[Job]], Scaled | None]
] = MappingProxyType({"jpg": _jpeg, "webp": _webp, "png": _png})


def _least_ratio(jobs: Sequence[Job]) -> float:
    return min(min(job.ratio) for job in jobs)


def _while_decoding(
    loader: Callable[..., Any], data: bytes, jobs: Sequence[Job], shrink: int = 1
) -> Scaled | None:
    reduced = shrink, shrink
    if not all(_is_on_pixels(job, reduced) for job in jobs):
        return None
    image = _load(loader, data, **({"shrink": shrink} if shrink > 1 else {}))
    if image.bands in {2, 4}:
        image = image.premultiply().rint().cast("uchar")
        # In real numbers, a few rows at a time.
        image = image.linecache(tile_height=_ROWS, access="sequential")
    return _shrunk(image, jobs, reduced)


def _scaled_frame(frame: Image.Image, jobs: Sequence[Job], reduced: Reduced) -> Scaled:
    """Scale what Pillow has decoded."""
    if all(_is_on_pixels(job, reduced) for job in jobs):
        image = _from_pillow(frame)
        if image is not None:
            return _shrunk(image, jobs, reduced)
    return pillow.scale_frame(frame, jobs, reduced)


def _is_on_pixels(job: Job, reduced: Reduced) -> bool:
    """libvips cannot cut between two pixels, and has no Lanczos that enlarges."""
    ratio = min(ratio / pixels for ratio, pixels in zip(job.ratio, reduced, strict=True))
    edges = (edge - round(edge) for edge in _reduced(job.box, reduced))
    return ratio >= _COARSE or (ratio >= 1 and all(abs(off) < _NEAR for off in edges))


def _reduced(box: Box, reduced: Reduced) -> Box:
    (left, top, right, bottom), (across, down) = box, reduced
    return left / across, top / down, right / across, bottom / down


def _load(loader: Callable[..., Any], data: bytes, **options: Any) -> Any:
    # A source, whose bytes libvips neither copies nor remembers.
    source = pyvips.Source.new_from_memory(data)
    return _alone(loader(source, access="sequential", fail_on="error", **options))


def _alone(image: Any) -> Any:
    """As many pictures at the same time as there are processors keep those busy."""
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "concurrency", 1)
    return image


def _shrunk(image: Any, jobs: Sequence[Job], reduced: Reduced) -> Scaled:
    if len(jobs) > 1:  # while it is decoded it can be read but once
        image = image.copy_memory()
    return [_shrunk_to(image, job, reduced) for job in jobs]


def _shrunk_to(image: Any, job: Job, reduced: Reduced) -> Image.Image:
    left, top, right, bottom = map(round, _reduced(job.box, reduced))
    width, height = job.scaled
    image = image.crop(left, top, right - left, bottom - top)
    across, down = width / image.width, height / image.height
    return _to_pillow(image.resize(across, vscale=down, gap=_REDUCING_GAP))


def _from_pillow(frame: Image.Image) -> Any:
    """Return an image in full color, premultiplied; None if it is better left to Pillow."""
    pixels = frame.width * frame.height
    if not _LEAST_PIXELS <= pixels <= _MOST_BYTES // len(frame.getbands()):
        return None
    if frame.mode == "P" and not frame.has_transparency_data:
        return _copied(frame).maplut(_palette(frame))
    image = to_scalable_mode(frame)
    if image.mode in {"LA", "RGBA"}:
        image = image.convert(f"{image.mode[:-1]}a")
    return _copied(image) if image.mode in _GIVEN else None


def _copied(image: Image.Image) -> Any:
    bands = len(image.getbands())
    return _alone(pyvips.Image.new_from_memory(image.tobytes(), *image.size, bands, "uchar"))


def _palette(frame: Image.Image) -> Any:
    colors = bytes(frame.getpalette() or []).ljust(768, b"\0")
    return pyvips.Image.new_from_memory(colors, 256, 1, 3, "uchar")


def _to_pillow(image: Any) -> Image.Image:
    given, wanted = _MODES[image.bands]
    made = Image.frombytes(given, (image.width, image.height), image.write_to_memory())
    return made if given == wanted else made.convert(wanted)


engine = Engine(scale)
