"""Pillow's images → bytes, in the format that is asked for."""

import io
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from PIL import Image

from django_shift_media.engines.encode.analysis import has_few_colors, has_fine_colors, sample
from django_shift_media.engines.encode.animation import AnimationTiming, loop_options
from django_shift_media.engines.encode.palettes import quantized
from django_shift_media.naming.resizes import ImageFormat, Resize

Frames = Sequence[Image.Image]
Options = Mapping[str, Any]

# A JPEG of no more pixels is better with a color for each pixel: SSIMULACRA2 then gives more for
# the same number of bytes. With more pixels, it is the other way round.
_SMALL = 100_000
# Two ways to pack a PNG. Of a photo, nothing comes again but runs of one value: to look for no more
# takes two thirds of the time and a tenth off the bytes. Of text, it would double them.
_RUNS: Options = MappingProxyType({"compress_type": zlib.Z_RLE})
# The bytes of level 6 within a few per cent, in a third of the time.
_PATTERNS: Options = MappingProxyType({"compress_level": 3})
_TRIED = 15_000  # pixels
# The speed of AVIF, up to 10. For photos 8 takes four times as long, for 7 % fewer bytes. For
# drawings 7 makes a half to a tenth of the bytes, as it finds what was there before, and they look
# better; it takes half a second for each megapixel.
_AVIF_SPEED, _AVIF_SPEED_FOR_DRAWINGS = 9, 7
_LARGEST_DRAWING = 2_000_000  # pixels of all frames
# What libwebp may do to make a picture without loss smaller: 0 to 100.
_WEBP_EFFORT = 75
_CLEAR = 255  # the color of a GIF's palette that is not seen
_HALF = 128


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be encoded: one frame, or several with their timing, and what goes with them."""

    frames: Frames
    timing: AnimationTiming | None = None
    profile: bytes | None = None
    exif: bytes | None = None


def encode(picture: Picture, resize: Resize) -> bytes:
    name, prepare = _WRITERS[resize.format]
    frames, options = prepare(_alike(picture.frames), resize)
    first, *others = frames
    if others and picture.timing:
        options = {
            **options,
            "save_all": True,
            "append_images": others,
            "duration": list(picture.timing.durations),
            **loop_options(picture.timing.plays, name),
        }
    # Each writer leaves out what its format cannot hold.
    return _saved(first, name, icc_profile=picture.profile, exif=picture.exif or b"", **options)


def _saved(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def _alike(frames: Frames) -> Frames:
    """Give all frames one mode, without transparency if nothing is transparent."""
    if not any(_is_clear(frame) for frame in frames):
        frames = [_in_mode(frame, frame.mode.removesuffix("A")) for frame in frames]
    # Of "L", "LA", "RGB" and "RGBA", the one that holds them all.
    modes = {frame.mode for frame in frames}
    base = "L" if modes <= {"L", "LA"} else "RGB"
    mode = f"{base}A" if any(mode.endswith("A") for mode in modes) else base
    return [_in_mode(frame, mode) for frame in frames]


def _in_mode(frame: Image.Image, mode: str) -> Image.Image:
    return frame if frame.mode == mode else frame.convert(mode)


def _is_clear(frame: Image.Image) -> bool:
    if not frame.mode.endswith("A"):
        return False
    least, _ = frame.getchannel("A").getextrema()
    return int(least) < 255  # type: ignore[arg-type]  # of one band, it is a number


def _jpg(frames: Frames, resize: Resize) -> tuple[Frames, Options]:
    (frame,) = frames
    is_fine = frame.width * frame.height <= _SMALL or has_fine_colors(frame)
    options = {"quality": resize.quality, "optimize": True, "progressive": True}
    return frames, {**options, "subsampling": "4:4:4" if is_fine else "4:2:0"}


def _png(frames: Frames, resize: Resize) -> tuple[Frames, Options]:
    if len(frames) == 1:
        frames = [_with_palette(frames[0])]
    return frames, _RUNS if _is_of_runs(frames[0]) else _PATTERNS


def _webp(frames: Frames, resize: Resize) -> tuple[Frames, Options]:
    # Without whole frames in between, which only help to seek: a third of the time is saved, and
    # more than half of the bytes where little moves.
    options: Options = {"method": 4, "kmax": 0}
    if resize.lossless or all(has_few_colors(frame) for frame in frames):
        return frames, {"lossless": True, "quality": _WEBP_EFFORT, **options}
    return frames, {"quality": resize.quality, **options}


def _avif(frames: Frames, resize: Resize) -> tuple[Frames, Options]:
    first, pixels = frames[0], len(frames) * frames[0].width * frames[0].height
    is_drawing = pixels <= _LARGEST_DRAWING and has_few_colors(first)
    speed = _AVIF_SPEED_FOR_DRAWINGS if is_drawing else _AVIF_SPEED
    if resize.lossless:
        # All but: red, green and blue are written as others are, and rounded.
        return frames, {"quality": 100, "subsampling": "4:4:4", "speed": speed}
    sampling = "4:4:4" if is_drawing or has_fine_colors(first) else "4:2:0"
    return frames, {"quality": resize.quality, "subsampling": sampling, "speed": speed}


def _gif(frames: Frames, resize: Resize) -> tuple[Frames, Options]:
    if frames[0].mode.endswith("A"):
        # Each frame is a whole picture: nothing of the one before shows through it.
        return _cut_out(frames), {"transparency": _CLEAR, "disposal": 2}
    if frames[0].mode == "L":  # and no other has colors, nor more than 256 grays
        return frames, {}
    return quantized(frames, 256), {}


def _cut_out(frames: Frames) -> Frames:
    """Return palette images where what is more than half transparent is all transparent."""
    cut = quantized([frame.convert("RGB") for frame in frames], _CLEAR)
    for image, frame in zip(cut, frames, strict=True):
        mask = frame.getchannel("A").point(lambda alpha: 255 * (alpha < _HALF), "L")
        image.paste(_CLEAR, mask=mask)
    return cut


def _is_of_runs(image: Image.Image) -> bool:
    """Say whether looking for runs only packs a picture better: try it with a part."""
    if image.mode == "P":
        return False
    part = sample(image, min(image.width * image.height // 8, _TRIED))
    runs, patterns = (len(_saved(part, "PNG", **options)) for options in (_RUNS, _PATTERNS))
    return runs < patterns


def _with_palette(image: Image.Image) -> Image.Image:
    """Return the same picture with a palette, if that has room for its colors."""
    if image.mode not in {"RGB", "RGBA"} or not has_few_colors(image):
        return image
    method = Image.Quantize.MEDIANCUT if image.mode == "RGB" else Image.Quantize.FASTOCTREE
    small = image.quantize(256, method)
    if small.convert(image.mode).tobytes() != image.tobytes():
        return image
    # With no more colors in it than there are: a kilobyte less for an icon.
    return small.remap_palette([n for n, count in enumerate(small.histogram()) if count])


_WRITERS: MappingProxyType[
    ImageFormat, tuple[str, Callable[[Frames, Resize], tuple[Frames, Options]]]
] = MappingProxyType(
    {
        "jpg": ("JPEG", _jpg),
        "png": ("PNG", _png),
        "webp": ("WEBP", _webp),
        "avif": ("AVIF", _avif),
        "gif": ("GIF", _gif),
    }
)
