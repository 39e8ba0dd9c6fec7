"""
A file, opened by Pillow: within its limits, upright, and not yet decoded.

Nothing here changes how Pillow works for the rest of the process.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from django.core.exceptions import ImproperlyConfigured
from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from django_shift_media.engines.decode.jpegxl import jpegxl_size
from django_shift_media.engines.decode.limits import check_source
from django_shift_media.engines.decode.preflight import HeaderInfo, read_header
from django_shift_media.engines.decode.profiles import profile_of
from django_shift_media.engines.decode.sniff import accepted_format, not_accepted
from django_shift_media.engines.exif import exif_of
from django_shift_media.engines.options import EngineOptions
from django_shift_media.exceptions import DAMAGED, FileTooLarge, UnacceptableFile, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.formats import SourceFormat
from django_shift_media.naming.geometry import Box, Size

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
# How a picture is stored that is to be turned like this.
_FROM_THE_RIGHT = frozenset(
    {
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.ROTATE_180,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSVERSE,
    }
)
_FROM_BELOW = frozenset(
    {
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.ROTATE_180,
        Image.Transpose.ROTATE_90,
        Image.Transpose.TRANSVERSE,
    }
)
_ON_ITS_SIDE = frozenset(
    {
        Image.Transpose.TRANSPOSE,
        Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSVERSE,
    }
)
# Their decoders turn the picture as the container says, which is what counts: ISO/IEC 23008-12,
# 6.5.10, and ISO/IEC 18181-1. What EXIF says beside it is out of date.
_UPRIGHT_BY_THEMSELVES = frozenset({"heic", "jxl", "tiff"})
_ANIMATED = frozenset({"png", "webp", "avif", "gif"})  # the parts of all others are no frames
_TILE_WIDTH, _TILE_LENGTH = 0x0142, 0x0143  # TIFF tags
_END_OF_JPEG = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class SourceImage:
    """
    An image that is open: ``image`` as it is stored, ``turn`` what makes it upright.

    ``size`` is the upright size before anything is decoded at a smaller scale. ``frames`` are the
    numbers of those of the animation, from 0, or from 1 where a picture goes before it that is
    for readers which know no animations.
    """

    image: Image.Image
    format: SourceFormat
    size: tuple[int, int]
    frames: range
    turn: Image.Transpose | None
    profile: bytes | None

    def shrink_on_load(self, size: Size) -> None:
        """
        Have a JPEG decoded at the least of its scales that leaves as many pixels; sides as stored.

        Other formats know no scales. What Pillow's ``draft()`` would give of a HEIC is the
        thumbnail in it, which may show anything.
        """
        if self.format == "jpg":
            self.image.draft(None, size)

    def stored_box(self, box: Box) -> Box:
        """Return where a part of the upright picture lies in the picture as it is stored."""
        left, top, right, bottom = box
        width, height = self.size
        if self.turn in _FROM_THE_RIGHT:
            left, right = width - right, width - left
        if self.turn in _FROM_BELOW:
            top, bottom = height - bottom, height - top
        return (
            (top, left, bottom, right) if self.turn in _ON_ITS_SIDE else (left, top, right, bottom)
        )

    def stored_size(self, size: Size) -> Size:
        width, height = size
        return (height, width) if self.turn in _ON_ITS_SIDE else (width, height)

    def still(self, frame: int | None) -> int:
        """Return the number of the picture to be shown as a still one, or of a frame from 1."""
        return 0 if frame is None else self.frames[min(frame, len(self.frames)) - 1]


def open_image(data: bytes, options: EngineOptions) -> SourceImage:
    """Open an image whose header keeps to the limits; decode nothing, unless notes follow."""
    format = accepted_format(data, options)
    claimed = read_header(data)
    if claimed:
        check_source(claimed.size, options.max_pixels, format, frames=claimed.frames)
    if format == "jxl":  # it is decoded as it is opened
        check_source(jpegxl_size(data), options.max_pixels, format)
    image = _open(data, format, options)
    frames = _frames(image, format, claimed)
    progressive = bool(image.info.get("progressive"))
    check_source(
        image.size, options.max_pixels, format, frames=frames.stop, progressive=progressive
    )
    _check_tiles(image, options.max_pixels)
    if image.format == "PNG":
        if claimed and claimed.notes_follow:
            # getexif() would do this, too, and no error would be seen.
            image.load()
        _fit_transparent_color(image, depth=data[24])
    orientation = 1 if format in _UPRIGHT_BY_THEMSELVES else _orientation(image)
    width, height = image.size
    size = (height, width) if orientation >= 5 else (width, height)
    profile = profile_of(data, format, image)
    return SourceImage(image, format, size, frames, _TO_UPRIGHT.get(orientation), profile)


def _open(data: bytes, format: SourceFormat, options: EngineOptions) -> Image.Image:
    if format == "heic":
        return _heic(data)
    if format == "jxl":
        return _jpegxl(data)
    if format == "jpg":
        return _jpeg(data, options)
    return Image.open(io.BytesIO(data), formats=[format])


def _jpeg(data: bytes, options: EngineOptions) -> Image.Image:
    """Open the first picture: some cameras and phones append further ones."""
    if options.truncated == "accept":
        # The decoder makes what is missing gray. Pillow's own switch would be for all threads.
        data += _END_OF_JPEG
    try:
        # Past Image.open(), whose own limit is for pictures that are decoded at their full size.
        return JpegImageFile(io.BytesIO(data))
    except SyntaxError as error:
        raise UnidentifiedImageError(str(error)) from error


def _heic(data: bytes) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise _needs("heic") from error
    # SourceImage by itself, it need not be registered for the whole process.
    image: Image.Image = HeifImageFile(io.BytesIO(data))  # type: ignore[no-untyped-call]
    return image


def _jpegxl(data: bytes) -> Image.Image:
    try:
        from pillow_jxl.JpegXLImagePlugin import JXLImageFile
    except ImportError as error:
        raise _needs("jxl") from error
    image: Image.Image = JXLImageFile(io.BytesIO(data))
    return image


def _needs(format: SourceFormat) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"SHIFT_MEDIA_FORMATS has {format!r}: pip install django-shift-media[{format}]"
    )


def _frames(image: Image.Image, format: SourceFormat, claimed: HeaderInfo | None) -> range:
    if format not in _ANIMATED:
        return range(1)
    if claimed and format == "gif":  # Pillow would walk through all of it again to count them
        return range(claimed.frames)
    is_apart = getattr(image, "default_image", False)
    return range(int(is_apart), getattr(image, "n_frames", 1))


def _check_tiles(image: Image.Image, max_pixels: int) -> None:
    """Refuse a TIFF whose tiles are larger than a picture may be: room is made for a whole one."""
    tags = getattr(image, "tag_v2", {})
    tile = (tags.get(_TILE_WIDTH, 1), tags.get(_TILE_LENGTH, 1))
    check_source(tile, max_pixels, "tiff")


def _fit_transparent_color(image: Image.Image, depth: int) -> None:
    """Say which color of a PNG is transparent on the scale of its pixels as they are decoded."""
    color = image.info.get("transparency")
    if image.mode == "RGB" and depth == 16 and color:
        image.info["transparency"] = tuple(part >> 8 for part in color)
    if image.mode == "L" and depth < 8 and isinstance(color, int):
        image.info["transparency"] = color * 255 // (2**depth - 1)


def _orientation(image: Image.Image) -> int:
    """Return how the camera was held, 1 to 8 as in EXIF; 1, upright, where that is unreadable."""
    orientation = exif_of(image).get(_ORIENTATION, 1)
    return orientation if orientation in _TO_UPRIGHT else 1


@contextmanager
def decoding(data: bytes, options: EngineOptions) -> Iterator[None]:
    """Raise ``UnreadableImage`` or ``FileTooLarge`` for whatever a decoder raises."""
    try:
        yield
    # The last two are not the image's fault.
    except (UnacceptableFile, MemoryError, ImproperlyConfigured):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileTooLarge(_("The image has more pixels than can be decoded.")) from error
    except UnidentifiedImageError as error:
        raise not_accepted(data, options) from error
    except Exception as error:
        # Decoders meet strangers' files with anything from SyntaxError to struct.error.
        raise UnreadableImage(DAMAGED, detail=_one_line(error)) from error


def _one_line(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200].rstrip(".")
