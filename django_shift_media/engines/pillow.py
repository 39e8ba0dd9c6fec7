"""
The image engine on Pillow.

A resize is a walk through ``STEPS``. The original is decoded no larger than needed, scaled once,
from the wanted part of it, and keeps none of its metadata.
"""

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from PIL import Image, ImageCms, ImageFilter, UnidentifiedImageError

from django_shift_media.engines import ImageInfo
from django_shift_media.engines.outlines import outline
from django_shift_media.exceptions import FileTooLarge, UnacceptableFile, UnreadableImage
from django_shift_media.formats import FORMATS
from django_shift_media.geometry import Plan
from django_shift_media.resizes import ImageFormat, Resize
from django_shift_media.stopwatch import Stopwatch

# The decoders that are tried, by Pillow's names; those of all other formats never are.
_DECODERS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")
_FORMATS: MappingProxyType[str | None, ImageFormat] = MappingProxyType(
    # MPO is what Pillow calls a JPEG that some cameras and phones append further pictures to.
    {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif", "GIF": "gif"}
)
_WRITERS: MappingProxyType[ImageFormat, tuple[str, dict[str, Any]]] = MappingProxyType(
    {
        "jpg": ("JPEG", {"optimize": True, "progressive": True}),
        # Level 3 makes the bytes of level 6 within half a per cent, in half the time.
        "png": ("PNG", {"compress_level": 3}),
        "webp": ("WEBP", {"method": 4}),
        "avif": ("AVIF", {"speed": 8}),
        "gif": ("GIF", {}),
    }
)
# A JPEG is decoded at the least of its DCT scales (1/8, 1/4, 1/2) that is still so many times
# larger than the result: more costs time, less costs sharpness.
_DECODE_MARGIN = 1.25
_ORIENTATION = 0x0112  # the EXIF tag
_TO_UPRIGHT: MappingProxyType[int, Image.Transpose] = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
)


@dataclass(frozen=True, slots=True)
class _Job:
    plan: Plan
    upright: tuple[int, int]  # the original's size before it was decoded at a smaller scale
    resize: Resize


def verify(data: bytes, *, max_pixels: int) -> ImageInfo:
    with _decoding():
        image = _open(data, max_pixels)
        width, height = _upright_size(image)
        info = ImageInfo(_FORMATS[image.format], width, height)
        image.draft(None, (1, 1))  # JPEG only: read every byte, make few pixels
        image.load()
        return info


def render(
    data: bytes, resize: Resize, *, max_pixels: int, stopwatch: Stopwatch | None = None
) -> bytes:
    stopwatch = stopwatch or Stopwatch()
    with _decoding():
        image: Image.Image = _open(data, max_pixels)
        upright = _upright_size(image)
        plan = resize.plan(*upright)
        _check_pixels(plan.size, max_pixels, "The resize")
        job = _Job(plan, upright, resize)
        for step in STEPS:
            image = step(image, job)
    stopwatch.lap("decode")
    encoded = _encode(image, resize)
    stopwatch.lap("encode")
    return encoded


def _shrink_on_load(image: Image.Image, job: _Job) -> Image.Image:
    left, top, right, bottom = job.plan.box
    width, height = job.plan.scaled
    width = math.ceil(width * _DECODE_MARGIN * job.upright[0] / (right - left))
    height = math.ceil(height * _DECODE_MARGIN * job.upright[1] / (bottom - top))
    if image.size != job.upright:
        width, height = height, width
    image.draft(None, (width, height))  # does nothing but for JPEG
    image.load()
    return image


def _orient(image: Image.Image, job: _Job) -> Image.Image:
    method = _TO_UPRIGHT.get(_orientation(image))
    return image if method is None else image.transpose(method)


def _to_full_colour(image: Image.Image, job: _Job) -> Image.Image:
    """Leave no mode that cannot be scaled smoothly: no palette, no single bits, no 16 bits."""
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def _scale(image: Image.Image, job: _Job) -> Image.Image:
    x, y = image.width / job.upright[0], image.height / job.upright[1]
    left, top, right, bottom = job.plan.box
    box = (left * x, top * y, min(right * x, image.width), min(bottom * y, image.height))
    whole = (0.0, 0.0, float(image.width), float(image.height))
    if job.plan.scaled == image.size and box == whole:
        return image
    return image.resize(job.plan.scaled, Image.Resampling.LANCZOS, box=box, reducing_gap=3)


def _to_srgb(image: Image.Image, job: _Job) -> Image.Image:
    """Convert from the embedded profile, so that the picture may be shown without one."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            return _apply_profile(image, profile)
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile, or one for another kind of picture: viewers ignore it too
    return image if image.mode in {"L", "RGBA"} else image.convert("RGB")


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image:
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    source = image.convert("RGB") if alpha else image
    converted = ImageCms.profileToProfile(
        source,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None  # None only where the conversion is in place
    if alpha:
        converted.putalpha(alpha)
    return converted


def _flatten(image: Image.Image, job: _Job) -> Image.Image:
    """Put the picture on its background, if it has one or needs one."""
    resize, plan = job.resize, job.plan
    is_padded = resize.how == "pad"
    is_seen = image.mode == "RGBA" and (resize.background or not FORMATS[resize.format].transparent)
    if not (is_padded or is_seen):
        return image
    ground = Image.new("RGB", plan.size, f"#{resize.background or 'ffffff'}")
    ground.paste(image, plan.place, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    return ground


def _to_grey(image: Image.Image, job: _Job) -> Image.Image:
    if not job.resize.grayscale:
        return image
    return image.convert("LA" if image.mode == "RGBA" else "L")


def _blur(image: Image.Image, job: _Job) -> Image.Image:
    if not job.resize.blur:
        return image
    return _premultiplied(image, ImageFilter.GaussianBlur(job.resize.blur))


def _sharpen(image: Image.Image, job: _Job) -> Image.Image:
    if not job.resize.sharpen:
        return image
    mask = ImageFilter.UnsharpMask(radius=1, percent=job.resize.sharpen, threshold=0)
    return _premultiplied(image, mask)


def _premultiplied(image: Image.Image, filter: ImageFilter.Filter) -> Image.Image:
    """Filter a picture so that the colour of what is not seen does not show at the edges."""
    if image.mode != "RGBA":
        return image.filter(filter)
    return image.convert("RGBa").filter(filter).convert("RGBA")


def _strip(image: Image.Image, job: _Job) -> Image.Image:
    # Encoders copy comments, profiles and more from here, whatever they are asked for.
    image.info = {}
    return image


Step = Callable[[Image.Image, _Job], Image.Image]
STEPS: tuple[Step, ...] = (
    _shrink_on_load,
    _orient,
    _to_full_colour,
    _scale,
    _to_srgb,
    _flatten,
    _blur,
    _sharpen,
    _to_grey,
    _strip,
)


def _open(data: bytes, max_pixels: int) -> Image.Image:
    """Open an image if all of its frames keep to the limit; decode nothing but a PNG."""
    claimed = outline(data)
    if claimed:
        _check_pixels(claimed.size, max_pixels, "The image", claimed.frames)
    image = Image.open(io.BytesIO(data), formats=_DECODERS)
    # Not Pillow's own number of frames: it takes the further pictures of a phone's JPEG for some,
    # and walks through a GIF again to count them.
    _check_pixels(image.size, max_pixels, "The image", claimed.frames if claimed else 1)
    if image.format == "PNG":
        # Its EXIF may follow its pixels: getexif() would do this, and no error would be seen.
        image.load()
    return image


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    if _orientation(image) >= 5:
        return height, width
    return width, height


def _orientation(image: Image.Image) -> int:
    """Return how the camera was held, 1 to 8 as in EXIF; 1, upright, where that is unreadable."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged metadata is no reason to refuse a good picture
        return 1
    return orientation if orientation in _TO_UPRIGHT else 1


def _check_pixels(size: tuple[int, int], max_pixels: int, what: str, frames: int = 1) -> None:
    width, height = size
    if width * height * frames > max_pixels:
        times = f" in each of {frames:,} frames" if frames > 1 else ""
        raise FileTooLarge(
            f"{what} has {width} x {height} pixels{times}, {max_pixels:,} may be had at most."
        )


def _encode(image: Image.Image, resize: Resize) -> bytes:
    name, options = _WRITERS[resize.format]
    buffer = io.BytesIO()
    image.save(buffer, name, quality=resize.quality, **options)
    return buffer.getvalue()


@contextmanager
def _decoding() -> Iterator[None]:
    try:
        yield
    except (UnacceptableFile, MemoryError):  # the latter is not the image's fault
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileTooLarge("The image has more pixels than can be decoded.") from error
    except UnidentifiedImageError as error:
        raise UnreadableImage("This is not a JPEG, PNG, WebP, AVIF or GIF image.") from error
    except Exception as error:
        # Decoders meet strangers' files with anything from SyntaxError to struct.error.
        raise UnreadableImage(f"The image is damaged: {_one_line(error)}.") from error


def _one_line(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200].rstrip(".")
