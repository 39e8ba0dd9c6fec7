"""
Generate one resize: with our engines, and with other libraries, tuned as well as we can.

All produce the same format, with the same quality and chroma subsampling. JPEGs are progressive,
with optimized Huffman tables. The other libraries do not check limits, convert color profiles or
detect truncated files.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PIL import Image, ImageSequence
from PIL.JpegImagePlugin import get_sampling

from django_shift_media.engines.selection import ENGINES, engine_options, get_engine
from django_shift_media.naming.formats import OUTPUT_FORMATS
from django_shift_media.naming.geometry import Box, ResizeGeometry
from django_shift_media.naming.resizes import Resize

ENOUGH = 1_000_000_000
OURS = tuple(f"ours: {engine}" for engine in ENGINES)
DECODE, TUNED, NAIVE, VIPS, SORL = (
    "scaled decode",
    "Pillow, tuned",
    "Pillow, naive",
    "pyvips, tuned",
    "sorl-thumbnail",
)
_MARGIN = 1.25
_GAP = 3


@dataclass(frozen=True, slots=True)
class Job:
    """A resize to generate. ``fine`` disables chroma subsampling (4:4:4 instead of 4:2:0)."""

    resize: Resize
    fine: bool = False


Make = Callable[[bytes, Job], bytes]


def named(name: str) -> Make:
    """Return the function of a candidate; our engines also need ``SHIFT_MEDIA_ENGINE``."""
    return _OTHERS.get(name, _ours)


def engine_of(name: str) -> str:
    return name.removeprefix("ours: ")


def is_fine(data: bytes) -> bool:
    """Return whether a JPEG or AVIF has no chroma subsampling (4:4:4)."""
    if data.startswith(b"\xff\xd8"):
        return get_sampling(Image.open(io.BytesIO(data))) == 0
    # AV1 Codec ISO Media File Format Binding, 2.3.3: the bits chroma_subsampling_x and _y.
    at = data.find(b"av1C")
    return at > 0 and not data[at + 6] & 0b1100


def _ours(data: bytes, job: Job) -> bytes:
    return get_engine().render(data, job.resize, engine_options(max_pixels=ENOUGH))


def open_image(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data))
    except Image.UnidentifiedImageError:
        from pillow_heif import HeifImageFile

        return HeifImageFile(io.BytesIO(data))


def _decode(data: bytes, job: Job) -> bytes:
    """Only decode a JPEG, at the smallest sufficient scale, which every library has to do."""
    image = open_image(data)
    _draft(image, job.resize.geometry(*image.size), margin=1)
    image.load()
    return b""


def _draft(image: Image.Image, plan: ResizeGeometry, margin: float) -> None:
    left, top, right, bottom = plan.box
    scale = max(plan.scaled[0] / (right - left), plan.scaled[1] / (bottom - top)) * margin
    image.draft(None, (round(image.width * scale), round(image.height * scale)))


def _pillow(data: bytes, job: Job, *, tuned: bool) -> bytes:
    image = open_image(data)
    size, plan = image.size, job.resize.geometry(*image.size)
    if tuned:
        _draft(image, plan, _MARGIN)
    left, top, right, bottom = plan.box
    x, y = (shrunk / whole for shrunk, whole in zip(image.size, size, strict=True))
    box = (left * x, top * y, right * x, bottom * y)
    gap = _GAP if tuned else None
    frames: list[Image.Image] = []
    durations = []
    for frame in _frames(image, job.resize):
        frames.append(_scaled(frame, job.resize.format, plan.scaled, box, gap))
        durations.append(frame.info.get("duration"))
    return _written(frames, durations, job)


def _frames(image: Image.Image, resize: Resize) -> Iterable[Image.Image]:
    return ImageSequence.Iterator(image) if OUTPUT_FORMATS[resize.format].animated else [image]


def _scaled(
    frame: Image.Image, format: str, size: tuple[int, int], box: Box, gap: float | None
) -> Image.Image:
    is_clear = frame.has_transparency_data
    frame = frame.convert("RGBA").convert("RGBa") if is_clear else frame.convert("RGB")
    frame = frame.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=gap)
    if is_clear:
        frame = frame.convert("RGBA")
        if format == "jpg":
            frame = Image.alpha_composite(Image.new("RGBA", size, "white"), frame).convert("RGB")
    return frame.quantize(256, Image.Quantize.MEDIANCUT) if format == "gif" else frame


def _written(frames: Sequence[Image.Image], durations: Sequence[Any], job: Job) -> bytes:
    quality = {"quality": job.resize.quality}
    sampling = {"subsampling": "4:4:4" if job.fine else "4:2:0"}
    name, options = {
        "jpg": ("JPEG", {**quality, **sampling, "optimize": True, "progressive": True}),
        "png": ("PNG", {"compress_level": 3}),
        "webp": ("WEBP", {**quality, "method": 4}),
        "avif": ("AVIF", {**quality, **sampling, "speed": 9}),
        "gif": ("GIF", {}),
    }[job.resize.format]
    first, *others = frames
    if others:
        options |= {"save_all": True, "append_images": others, "duration": durations, "loop": 0}
    buffer = io.BytesIO()
    first.save(buffer, name, **options)
    return buffer.getvalue()


def _vips(data: bytes, job: Job) -> bytes:
    import pyvips

    pyvips.cache_set_max(0)
    resize = job.resize
    is_gif = data.startswith(b"GIF8")
    image = pyvips.Image.thumbnail_buffer(
        data,
        resize.width,
        height=resize.height,
        size="down",
        crop="centre" if resize.how == "fill" else "none",
        option_string="n=-1" if is_gif and OUTPUT_FORMATS[resize.format].animated else "",
    )
    if resize.format == "jpg" and image.hasalpha():
        image = image.flatten(background=255)
    quality = {"Q": resize.quality, "keep": "none"}
    sampling = {"subsample_mode": "off" if job.fine else "on"}
    save, options = {
        "jpg": ("jpegsave", {**quality, **sampling, "optimize_coding": True, "interlace": True}),
        # The other encoders filter, too. Filters make files a third smaller.
        "png": ("pngsave", {"compression": 3, "filter": "all", "keep": "none"}),
        "webp": ("webpsave", {**quality, "effort": 4}),
        # The effort is 9 minus the encoder's speed.
        "avif": ("heifsave", {**quality, **sampling, "compression": "av1", "effort": 0}),
        "gif": ("gifsave", {"effort": 1, "dither": 0, "keep": "none"}),
    }[resize.format]
    saved: bytes = getattr(image, f"{save}_buffer")(**options)
    return saved


def _sorl(data: bytes, job: Job) -> bytes:
    """Resize as sorl-thumbnail's template tag does, with its defaults; GIFs stay animated."""
    from sorl.thumbnail.base import ThumbnailBackend
    from sorl.thumbnail.engines.pil_engine import Engine

    engine = Engine()
    image = engine.get_image(io.BytesIO(data))
    fills = job.resize.how == "fill"
    options = {
        **ThumbnailBackend.default_options,
        "format": "GIF",
        "crop": "center" if fills else False,
        "image_info": engine.get_image_info(image),
    }
    made = engine.create(image, (job.resize.width, job.resize.height), options)
    buffer = io.BytesIO()
    engine.write(made, options, buffer)
    return buffer.getvalue()


_OTHERS: dict[str, Make] = {
    DECODE: _decode,
    TUNED: partial(_pillow, tuned=True),
    NAIVE: partial(_pillow, tuned=False),
    VIPS: _vips,
    SORL: _sorl,
}
