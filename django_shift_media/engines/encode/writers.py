"""Encode Pillow's images in an output format."""

import io
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from PIL import Image

from django_shift_media.engines.encode.analysis import (
    fits_palette,
    needs_full_chroma,
    sample_strips,
)
from django_shift_media.engines.encode.animation import AnimationTiming, play_options
from django_shift_media.engines.encode.avif_times import remove_times
from django_shift_media.engines.encode.gif import write_gif
from django_shift_media.engines.encode.jpegxl import encode_jpegxl
from django_shift_media.engines.encode.palettes import quantize_frames
from django_shift_media.engines.encode.xmp_blocks import embed_xmp
from django_shift_media.naming.resizes import ImageFormat, Resize

Frames = Sequence[Image.Image]
WriterOptions = Mapping[str, Any]  # the keyword arguments of Image.save()

# A JPEG up to this size is better with full chroma: SSIMULACRA2 is higher for the same number of
# bytes. For larger images, it is lower.
_JPEG_FULL_CHROMA_PIXELS = 100_000
# Two ways to compress a PNG. In photos, little repeats except runs of one value: looking only for
# runs takes two thirds of the time and saves a tenth of the bytes. For text, it would double them.
_PNG_RUN_LENGTHS: WriterOptions = MappingProxyType({"compress_type": zlib.Z_RLE})
# Within a few percent of the bytes of level 6, in a third of the time.
_PNG_PATTERNS: WriterOptions = MappingProxyType({"compress_level": 3})
_PNG_SAMPLE_PIXELS = 15_000
# The speed of the AVIF encoder, up to 10. For photos, 8 takes four times as long as 9 for 7 %
# fewer bytes. Drawings have a half to a tenth of the bytes with 7, which finds repeated parts, and
# look better; it takes half a second for each megapixel.
_AVIF_SPEED, _AVIF_SPEED_FOR_DRAWINGS = 9, 7
_AVIF_MAX_DRAWING_PIXELS = 2_000_000  # in all frames
_WEBP_LOSSLESS_EFFORT = 75  # 0 to 100
_GIF_TRANSPARENT_INDEX = 255
_GIF_MIN_ALPHA = 128  # of a pixel that stays opaque


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """
    The input of an encoder: one frame, or several with their timing.

    ``profile`` is an ICC profile, ``exif`` and ``xmp`` the bytes of metadata.
    """

    frames: Frames
    timing: AnimationTiming | None = None
    profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None


def encode(source: EncoderInput, resize: Resize) -> bytes:
    """Return the frames in the format and with the quality of a resize."""
    frames = _unify_modes(source.frames)
    if resize.format == "jxl":
        (frame,) = frames
        return encode_jpegxl(frame, resize, exif=source.exif, xmp=source.xmp)
    name, prepare = _WRITERS[resize.format]
    frames, options = prepare(frames, resize)
    first, *others = frames
    if others and source.timing:
        if resize.format == "gif":
            data = write_gif(frames, options.get("transparency"), source.timing)
            return embed_xmp(data, "gif", source.xmp)
        options = {
            **options,
            "save_all": True,
            "append_images": others,
            "duration": source.timing.rounded(name),
            **play_options(source.timing.plays, name),
        }
    # Each writer ignores metadata that its format cannot store.
    metadata = {"exif": source.exif or b"", "xmp": source.xmp or b""}
    data = _save(first, name, icc_profile=source.profile, **metadata, **options)
    if others and name == "AVIF":
        data = remove_times(data)
    return embed_xmp(data, resize.format, source.xmp)


def _save(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def _unify_modes(frames: Frames) -> Frames:
    """Convert all frames to one mode, without an alpha channel if nothing is transparent."""
    if not any(_has_transparent_pixels(frame) for frame in frames):
        frames = [_convert(frame, frame.mode.removesuffix("A")) for frame in frames]
    # The modes are "L", "LA", "RGB" and "RGBA": find the one that can represent all of them.
    modes = {frame.mode for frame in frames}
    base = "L" if modes <= {"L", "LA"} else "RGB"
    mode = f"{base}A" if any(mode.endswith("A") for mode in modes) else base
    return [_convert(frame, mode) for frame in frames]


def _convert(frame: Image.Image, mode: str) -> Image.Image:
    return frame if frame.mode == mode else frame.convert(mode)


def _has_transparent_pixels(frame: Image.Image) -> bool:
    if not frame.mode.endswith("A"):
        return False
    min_alpha, _ = frame.getchannel("A").getextrema()
    return int(min_alpha) < 255  # type: ignore[arg-type]  # a number, as there is one band


def _prepare_jpeg(frames: Frames, resize: Resize) -> tuple[Frames, WriterOptions]:
    (frame,) = frames
    is_small = frame.width * frame.height <= _JPEG_FULL_CHROMA_PIXELS
    subsampling = "4:4:4" if is_small or needs_full_chroma(frame) else "4:2:0"
    options = {"quality": resize.quality, "optimize": True, "progressive": True}
    return frames, {**options, "subsampling": subsampling}


def _prepare_png(frames: Frames, resize: Resize) -> tuple[Frames, WriterOptions]:
    if len(frames) == 1:
        frames = [_reduce_to_palette(frames[0])]
    use_run_lengths = _compresses_better_by_run_lengths(frames[0])
    return frames, _PNG_RUN_LENGTHS if use_run_lengths else _PNG_PATTERNS


def _prepare_webp(frames: Frames, resize: Resize) -> tuple[Frames, WriterOptions]:
    # kmax=0: no key frames after the first, which are only needed for seeking. That saves a third
    # of the time, and more than half of the bytes where little moves.
    options: WriterOptions = {"method": 4, "kmax": 0}
    if resize.lossless or all(fits_palette(frame) for frame in frames):
        return frames, {"lossless": True, "quality": _WEBP_LOSSLESS_EFFORT, **options}
    return frames, {"quality": resize.quality, **options}


def _prepare_avif(frames: Frames, resize: Resize) -> tuple[Frames, WriterOptions]:
    first, pixels = frames[0], len(frames) * frames[0].width * frames[0].height
    is_drawing = pixels <= _AVIF_MAX_DRAWING_PIXELS and fits_palette(first)
    speed = _AVIF_SPEED_FOR_DRAWINGS if is_drawing else _AVIF_SPEED
    # Chromium takes all animations for those of the limited range of video, and would show others
    # with too much contrast. Seen with Chromium 156.
    options = {"speed": speed, "range": "limited" if len(frames) > 1 else "full"}
    if resize.lossless:
        # Almost lossless: Pillow's writer converts RGB to YCbCr, which rounds.
        return frames, {"quality": 100, "subsampling": "4:4:4", **options}
    subsampling = "4:4:4" if is_drawing or needs_full_chroma(first) else "4:2:0"
    return frames, {"quality": resize.quality, "subsampling": subsampling, **options}


def _prepare_gif(frames: Frames, resize: Resize) -> tuple[Frames, WriterOptions]:
    if frames[0].mode.endswith("A"):
        # Clear the canvas after each frame (disposal 2): the frame before must not show through.
        options = {"transparency": _GIF_TRANSPARENT_INDEX, "disposal": 2}
        return _with_binary_transparency(frames), options
    if frames[0].mode == "L":  # all frames have this mode, and no more than 256 grays
        return frames, {}
    return quantize_frames(frames, 256), {}


def _with_binary_transparency(frames: Frames) -> Frames:
    """Return palette images in which a pixel is either opaque or transparent."""
    opaque = quantize_frames([frame.convert("RGB") for frame in frames], _GIF_TRANSPARENT_INDEX)
    for image, frame in zip(opaque, frames, strict=True):
        mask = frame.getchannel("A").point(lambda alpha: 255 * (alpha < _GIF_MIN_ALPHA), "L")
        image.paste(_GIF_TRANSPARENT_INDEX, mask=mask)
    return opaque


def _compresses_better_by_run_lengths(image: Image.Image) -> bool:
    """Compress a part of the image both ways, and compare."""
    if image.mode == "P":
        return False
    part = sample_strips(image, min(image.width * image.height // 8, _PNG_SAMPLE_PIXELS))
    by_run_lengths = len(_save(part, "PNG", **_PNG_RUN_LENGTHS))
    return by_run_lengths < len(_save(part, "PNG", **_PNG_PATTERNS))


def _reduce_to_palette(image: Image.Image) -> Image.Image:
    """Return the same image in palette mode if no color is lost, else the image itself."""
    if image.mode not in {"RGB", "RGBA"} or not fits_palette(image):
        return image
    method = Image.Quantize.MEDIANCUT if image.mode == "RGB" else Image.Quantize.FASTOCTREE
    reduced = image.quantize(256, method)
    if reduced.convert(image.mode).tobytes() != image.tobytes():
        return image
    # Drop unused colors from the palette, which saves a kilobyte for an icon.
    return reduced.remap_palette([n for n, count in enumerate(reduced.histogram()) if count])


_WRITERS: MappingProxyType[
    ImageFormat, tuple[str, Callable[[Frames, Resize], tuple[Frames, WriterOptions]]]
] = MappingProxyType(
    {
        "jpg": ("JPEG", _prepare_jpeg),
        "png": ("PNG", _prepare_png),
        "webp": ("WEBP", _prepare_webp),
        "avif": ("AVIF", _prepare_avif),
        "gif": ("GIF", _prepare_gif),
    }
)
