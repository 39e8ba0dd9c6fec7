"""Pillow's images → bytes, in the format that is asked for."""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from PIL import Image, ImageChops

from django_shift_media.engines.animation import Timing, loop_options
from django_shift_media.resizes import ImageFormat, Resize

Frames = Sequence[Image.Image]
Options = dict[str, Any]

# A JPEG of no more pixels is better with a colour for each pixel: SSIMULACRA2 then gives more for
# the same number of bytes. With more pixels, it is the other way round.
_SMALL = 100_000
# The speed of AVIF, up to 10. 8 takes four times as long, for 7 % fewer bytes.
_AVIF_SPEED = 9
# What libwebp may do to make a picture without loss smaller: 0 to 100.
_WEBP_EFFORT = 75
_CLEAR = 255  # the colour of a GIF's palette that is not seen
_HALF = 128


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be encoded: one frame, or several with their timing, and what goes with them."""

    frames: Frames
    timing: Timing | None = None
    profile: bytes | None = None
    exif: bytes | None = None


def encode(picture: Picture, resize: Resize) -> bytes:
    name, prepare = _WRITERS[resize.format]
    frames, options = prepare(_alike(picture.frames), resize)
    first, *others = frames
    if others and picture.timing:
        options |= {
            "save_all": True,
            "append_images": others,
            "duration": list(picture.timing.durations),
            **loop_options(picture.timing.plays, name),
        }
    # Each writer leaves out what its format cannot hold.
    buffer = io.BytesIO()
    first.save(buffer, name, icc_profile=picture.profile, exif=picture.exif or b"", **options)
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
    options: Options = {"quality": resize.quality, "optimize": True, "progressive": True}
    (frame,) = frames
    if frame.width * frame.height <= _SMALL or _has_fine_colours(frame):
        options["subsampling"] = "4:4:4"
    return frames, options


def _png(frames: Frames, resize: Resize) -> tuple[Frames, Options]:
    if len(frames) == 1:
        frames = [_with_palette(frames[0])]
    # Level 3 makes the bytes of level 6 within half a per cent, in half the time.
    return frames, {"compress_level": 3}


def _webp(frames: Frames, resize: Resize) -> tuple[Frames, Options]:
    if resize.lossless or all(_has_few_colours(frame) for frame in frames):
        return frames, {"lossless": True, "quality": _WEBP_EFFORT, "method": 4}
    return frames, {"quality": resize.quality, "method": 4}


def _avif(frames: Frames, resize: Resize) -> tuple[Frames, Options]:
    if resize.lossless:
        # All but: red, green and blue are written as others are, and rounded.
        return frames, {"quality": 100, "subsampling": "4:4:4", "speed": _AVIF_SPEED}
    options: Options = {"quality": resize.quality, "speed": _AVIF_SPEED}
    if _has_fine_colours(frames[0]):
        options["subsampling"] = "4:4:4"
    return frames, options


def _gif(frames: Frames, resize: Resize) -> tuple[Frames, Options]:
    if frames[0].mode.endswith("A"):
        # Each frame is a whole picture: nothing of the one before shows through it.
        return [_cut_out(frame) for frame in frames], {"transparency": _CLEAR, "disposal": 2}
    return [_quantized(frame, 256) for frame in frames], {}


def _cut_out(frame: Image.Image) -> Image.Image:
    """Return a palette image where what is more than half transparent is all transparent."""
    cut = _quantized(frame.convert(frame.mode.removesuffix("A")), _CLEAR)
    mask = frame.getchannel("A").point(lambda alpha: 255 * (alpha < _HALF), "L")
    cut.paste(_CLEAR, mask=mask)
    return cut


def _quantized(frame: Image.Image, colours: int) -> Image.Image:
    if frame.mode == "L" and colours == 256:
        return frame
    return frame.convert("RGB").quantize(colours, Image.Quantize.MEDIANCUT)


def _with_palette(image: Image.Image) -> Image.Image:
    """Return the same picture with a palette, if that has room for its colours."""
    if image.mode not in {"RGB", "RGBA"} or not _has_few_colours(image):
        return image
    method = Image.Quantize.MEDIANCUT if image.mode == "RGB" else Image.Quantize.FASTOCTREE
    small = image.quantize(256, method)
    same = small.convert(image.mode).tobytes() == image.tobytes()
    return small if same else image


def _has_few_colours(image: Image.Image) -> bool:
    return image.getcolors(256) is not None


# The differences that are counted, of 255, and how many of a thousand pixels may have them.
_SEEN = 24
_FEW = 5
_SAMPLE = 250_000  # pixels that are looked at, at most
_STRIP = 16  # rows


def _has_fine_colours(image: Image.Image) -> bool:
    """Say whether it would be seen if four pixels shared one colour, as in 4:2:0."""
    if image.mode in {"L", "LA"}:
        return False
    image = _sample(image)
    pixels = image.width * image.height
    for band in image.convert("RGB").convert("YCbCr").split()[1:]:
        shared = band.reduce(2).resize(band.size, Image.Resampling.BILINEAR)
        lost = ImageChops.difference(band, shared).histogram()[_SEEN:]
        if sum(lost) * 1_000 > pixels * _FEW:
            return True
    return False


def _sample(image: Image.Image) -> Image.Image:
    """Return strips from all over a large picture, one below the other."""
    strips = math.ceil(image.height / _STRIP)
    step = math.ceil(image.width * image.height / _SAMPLE)
    if step == 1:
        return image
    sample = Image.new(image.mode, (image.width, _STRIP * math.ceil(strips / step)))
    for number, top in enumerate(range(0, image.height, _STRIP * step)):
        strip = image.crop((0, top, image.width, top + _STRIP))
        sample.paste(strip, (0, _STRIP * number))
    return sample


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
