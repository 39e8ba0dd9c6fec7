"""
The image engine on libvips, which decodes still JPEG, PNG and WebP; Pillow decodes the rest.

libvips scales an image while it is decoded, so that a large one takes little memory, and it scales
faster than Pillow. It only receives files that are within the limits, by the loaders named here.
"""

from collections.abc import Callable, Iterable, Sequence
from types import MappingProxyType
from typing import Any

import pyvips
from PIL import Image

from django_shift_media.engines import pillow_backend
from django_shift_media.engines.color.conversion import to_scalable_mode
from django_shift_media.engines.decode.jpeg_end import has_end
from django_shift_media.engines.decode.jpeg_scale import SCALES, decode_margin
from django_shift_media.engines.decode.open import SourceImage
from django_shift_media.engines.decode.png_transparency import has_transparent_color
from django_shift_media.engines.engine import Backend, Engine
from django_shift_media.engines.jobs import DecodedFrame, Job, Shrink
from django_shift_media.naming.formats import SourceFormat
from django_shift_media.naming.geometry import Box

# While an image is more than this many times larger than the result, whole pixels are averaged
# before it is resampled. Less is hardly faster, and loses up to .008 of SSIM.
_REDUCING_GAP = 16
# libvips crops at whole pixels. From this ratio on, half a pixel of the original is invisible;
# below it, the edges of the crop may differ from whole pixels by the tolerance.
_COARSE_RATIO = 4
_EDGE_TOLERANCE = 0.001
# Frames that Pillow has decoded must be copied. For fewer pixels, Pillow scales sooner; more bytes
# would be too much memory beside Pillow's own.
_MIN_COPIED_PIXELS, _MAX_COPIED_BYTES = 100_000, 16_000_000
# A WebP is decoded at this many times the size of the result: less would be less sharp.
_WEBP_MARGIN = 1.25
_ROWS = 16  # that are premultiplied at a time, as floating-point numbers
# By number of bands: the mode of libvips' pixels, which are premultiplied, and the wanted mode.
_MODES = MappingProxyType({1: ("L", "L"), 2: ("La", "LA"), 3: ("RGB", "RGB"), 4: ("RGBa", "RGBA")})
_VIPS_MODES = frozenset(mode for mode, _ in _MODES.values())


def decode(data: bytes, source: SourceImage, jobs: Sequence[Job]) -> Iterable[DecodedFrame]:
    """Yield a libvips image, which is decoded while it is scaled, or frames decoded by Pillow."""
    load = _LOADERS.get(source.format)
    if load and source.frames == range(1) and source.image.mode != "CMYK":
        try:
            frame = load(data, source, jobs)
        except pyvips.Error:
            frame = None  # Pillow decides whether the file is damaged
        if frame:
            return [frame]
    return pillow_backend.decode(data, source, jobs)


def scale(frame: DecodedFrame) -> list[Image.Image]:
    if isinstance(frame.image, Image.Image):
        return _scale_pillow_frame(frame)
    try:
        if _is_aligned(frame):
            return _crop_and_scale(frame.image, frame)
        return pillow_backend.scale(frame._replace(image=_to_pillow(frame.image)))
    except pyvips.Error:  # Pillow decides whether the file is damaged
        (frame,) = pillow_backend.decode(b"", frame.jobs[0].source, frame.jobs)
        return _scale_pillow_frame(frame)


def _load_jpeg(data: bytes, source: SourceImage, jobs: Sequence[Job]) -> DecodedFrame | None:
    if source.image.info.get("progressive"):  # libvips takes four times the memory of Pillow
        return None
    if not has_end(data):  # libvips sometimes fails
        return None
    ratio = _min_ratio(jobs)
    margin = decode_margin(source.image)
    shrink = next((scale for scale in SCALES if ratio >= scale * margin), 1)
    if any(side % shrink for side in source.size):  # libvips would drop the last pixels
        return None
    return _load_aligned(pyvips.Image.jpegload_source, data, jobs, shrink)


def _load_png(data: bytes, source: SourceImage, jobs: Sequence[Job]) -> DecodedFrame | None:
    bit_depth = data[24]  # of the header: PNG, third edition, 11.2.1
    if bit_depth == 16:  # which libvips would truncate, not round
        return None
    if bit_depth < 8 and source.image.mode in {"1", "L"} and has_transparent_color(data):
        return None  # libvips takes a color that no pixel can have for another
    return _load_aligned(pyvips.Image.pngload_source, data, jobs)


def _load_webp(data: bytes, source: SourceImage, jobs: Sequence[Job]) -> DecodedFrame | None:
    if source.image.mode != "RGB":  # libwebp scales colors without regard to transparency
        return None
    scale = min(_WEBP_MARGIN / _min_ratio(jobs), 1)
    image = _load(pyvips.Image.webpload_source, data, scale=scale)
    width, height = source.stored_size(source.size)
    return DecodedFrame(image, (width / image.width, height / image.height), jobs)


_Loader = Callable[[bytes, SourceImage, Sequence[Job]], DecodedFrame | None]
# They return None for what Pillow decodes better.
_LOADERS: MappingProxyType[SourceFormat, _Loader] = MappingProxyType(
    {"jpg": _load_jpeg, "webp": _load_webp, "png": _load_png}
)


def _min_ratio(jobs: Sequence[Job]) -> float:
    return min(min(job.ratio) for job in jobs)


def _load_aligned(
    loader: Callable[..., Any], data: bytes, jobs: Sequence[Job], shrink: int = 1
) -> DecodedFrame | None:
    frame = DecodedFrame(None, (shrink, shrink), jobs)
    if not _is_aligned(frame):
        return None
    image = _load(loader, data, **({"shrink": shrink} if shrink > 1 else {}))
    if image.bands in {2, 4}:
        image = image.premultiply().rint().cast("uchar")
        image = image.linecache(tile_height=_ROWS, access="sequential")
    return frame._replace(image=image)


def _load(loader: Callable[..., Any], data: bytes, **options: Any) -> Any:
    # libvips neither copies nor caches the bytes of a source.
    source = pyvips.Source.new_from_memory(data)
    return _single_threaded(loader(source, access="sequential", fail_on="error", **options))


def _single_threaded(image: Any) -> Any:
    """Use one thread for an image: as many images as processors are processed at a time."""
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "concurrency", 1)
    return image


def _is_aligned(frame: DecodedFrame) -> bool:
    """Return whether libvips can scale for all jobs: down, and from (almost) whole pixels."""
    return all(_is_job_aligned(job, frame.shrink) for job in frame.jobs)


def _is_job_aligned(job: Job, shrink: Shrink) -> bool:
    ratio = min(ratio / pixels for ratio, pixels in zip(job.ratio, shrink, strict=True))
    offsets = (abs(edge - round(edge)) for edge in _shrink_box(job.box, shrink))
    return ratio >= _COARSE_RATIO or (
        ratio >= 1 and all(offset < _EDGE_TOLERANCE for offset in offsets)
    )


def _shrink_box(box: Box, shrink: Shrink) -> Box:
    (left, top, right, bottom), (across, down) = box, shrink
    return left / across, top / down, right / across, bottom / down


def _crop_and_scale(image: Any, frame: DecodedFrame) -> list[Image.Image]:
    if len(frame.jobs) > 1:  # while it is being decoded, it can be read only once
        image = image.copy_memory()
    return [_crop_and_scale_for(image, job, frame.shrink) for job in frame.jobs]


def _crop_and_scale_for(image: Any, job: Job, shrink: Shrink) -> Image.Image:
    left, top, right, bottom = map(round, _shrink_box(job.box, shrink))
    width, height = job.scaled_size
    image = image.crop(left, top, right - left, bottom - top)
    across, down = width / image.width, height / image.height
    return _to_pillow(image.resize(across, vscale=down, gap=_REDUCING_GAP))


def _scale_pillow_frame(frame: DecodedFrame) -> list[Image.Image]:
    if _is_aligned(frame):
        image = _from_pillow(frame.image)
        if image is not None:
            return _crop_and_scale(image, frame)
    return pillow_backend.scale(frame)


def _from_pillow(frame: Image.Image) -> Any:
    """Return a premultiplied image in gray or RGB, None if Pillow scales the frame better."""
    pixels = frame.width * frame.height
    if not _MIN_COPIED_PIXELS <= pixels <= _MAX_COPIED_BYTES // len(frame.getbands()):
        return None
    if frame.mode == "P" and not frame.has_transparency_data:
        return _copy(frame).maplut(_palette(frame))
    image = to_scalable_mode(frame)
    if image.mode in {"LA", "RGBA"}:
        image = image.convert(f"{image.mode[:-1]}a")
    return _copy(image) if image.mode in _VIPS_MODES else None


def _copy(image: Image.Image) -> Any:
    bands = len(image.getbands())
    pixels = pyvips.Image.new_from_memory(image.tobytes(), *image.size, bands, "uchar")
    return _single_threaded(pixels)


def _palette(frame: Image.Image) -> Any:
    colors = bytes(frame.getpalette() or []).ljust(768, b"\0")
    return pyvips.Image.new_from_memory(colors, 256, 1, 3, "uchar")


def _to_pillow(image: Any) -> Image.Image:
    vips_mode, mode = _MODES[image.bands]
    copy = Image.frombytes(vips_mode, (image.width, image.height), image.write_to_memory())
    return copy if vips_mode == mode else copy.convert(mode)


backend = Backend(decode, scale)
engine = Engine(lambda source, jobs: backend)
