"""
Open a file with Pillow: within the limits, oriented, and not decoded yet.

Nothing here changes Pillow for the rest of the process: no switch is set, no plugin registered.
"""

import io
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from django_shift_media.engines.decode.avif import read_presentation
from django_shift_media.engines.decode.header import HeaderInfo
from django_shift_media.engines.decode.jpeg_end import require_whole, with_end
from django_shift_media.engines.decode.jpegxl_picture import decode_jpegxl
from django_shift_media.engines.decode.libraries import load_libraries, missing_extra
from django_shift_media.engines.decode.limits import (
    check_header,
    check_source_size,
    require_decoder_memory,
)
from django_shift_media.engines.decode.orientation import read_transpose, stored_box, swap_sides
from django_shift_media.engines.decode.png_chunks import without_invalid_chunks
from django_shift_media.engines.decode.png_transparency import fix_transparent_color
from django_shift_media.engines.decode.preflight import read_header
from django_shift_media.engines.decode.profiles import read_profile
from django_shift_media.engines.decode.sniff import require_accepted_format
from django_shift_media.engines.decode.tiff import open_tiff
from django_shift_media.engines.options import EngineOptions
from django_shift_media.exceptions import DAMAGED, UnreadableImage
from django_shift_media.naming.formats import SourceFormat
from django_shift_media.naming.geometry import Box, Size

# The decoders of these formats apply the orientation. That in the container takes precedence over
# EXIF, where it may be out of date: ISO/IEC 23008-12, 6.5.10, and ISO/IEC 18181-1.
_ORIENTED_BY_DECODER = frozenset({"heic", "jxl", "tiff"})
_ANIMATED = frozenset({"png", "webp", "avif", "gif"})  # other formats have pages, not frames
_TILE_WIDTH, _TILE_LENGTH = 0x0142, 0x0143  # TIFF tags


@dataclass(frozen=True, slots=True)
class SourceImage:
    """
    An open image: ``image`` as stored, and ``transpose``, which turns it upright.

    ``size`` is the upright size of the part that is shown, which is at the top left as stored,
    before a JPEG is decoded at a smaller scale. ``frames`` are the indexes of the animation's
    frames. They start at 1, not 0, if the first picture of the file is not part of the animation
    and meant for readers without animation. ``profile`` is an ICC profile.
    """

    image: Image.Image
    format: SourceFormat
    size: Size
    frames: range
    transpose: Image.Transpose | None
    profile: bytes | None

    def shrink_on_load(self, size: Size) -> None:
        """
        Decode a JPEG at the smallest of its scales that is not smaller than ``size``, as stored.

        Other formats are always decoded at full size. For a HEIC, Pillow's ``draft()`` selects an
        embedded thumbnail, which may show something else than the image:
        https://github.com/bigcat88/pillow_heif/pull/477.
        """
        if self.format == "jpg":
            self.image.draft(None, size)

    def crop(self, frame: Image.Image) -> Image.Image:
        """
        Return the part of a decoded frame that is shown.

        Only an AVIF has hidden parts, as libheif crops a HEIC itself. It tells the size before it
        decodes the pixels; raise ``UnreadableImage`` if these have another size, because the clean
        aperture exceeds the image.
        """
        shown = self.stored_size(self.size)
        if frame.size == shown or self.format not in {"avif", "heic"}:
            return frame
        if self.format == "heic":
            raise UnreadableImage(DAMAGED, detail="its clean aperture exceeds it")
        return frame.crop((0, 0, *shown))

    def stored_box(self, box: Box) -> Box:
        """Return where a part of the upright image is in the image as stored."""
        return stored_box(box, self.size, self.transpose)

    def stored_size(self, size: Size) -> Size:
        return swap_sides(size, self.transpose)

    def still_index(self, frame: int | None) -> int:
        """Return the index of a frame, counted from 1, or of the still image if it is None."""
        return 0 if frame is None else self.frames[min(frame, len(self.frames)) - 1]


def open_image(data: bytes, options: EngineOptions) -> SourceImage:
    """
    Open an image whose header is within the limits.

    Nothing is decoded, except for JPEG XL, for a JPEG without end marker, and for a PNG with
    metadata after its pixels or a transparent color of 16 bits. Raise ``UnreadableImage`` or
    ``FileTooLarge``; other errors need ``wrap_decoder_errors()``.
    """
    format = require_accepted_format(data, options)
    header = read_header(data)
    if header:
        check_header(header, options, format)
    load_libraries(format)
    require_decoder_memory(header, format)
    original, data = data, _repair(data, format)
    image = _open_with_pillow(data, format, options)
    frames = _frame_indexes(image, format, header)
    _check_opened(image, format, frames, options)
    if format == "jpg" and data is not original and options.truncated == "refuse":
        require_whole(original)
    if image.format == "PNG":
        if header and header.has_trailing_metadata:
            # Image.getexif() would load the image as well, and hide a decoder's error:
            # https://github.com/python-pillow/Pillow/pull/3674.
            image.load()
        fix_transparent_color(image, data)
    shown, transpose = _read_presentation(data, format, image)
    size = swap_sides(shown, transpose)
    return SourceImage(image, format, size, frames, transpose, read_profile(data, format, image))


def _repair(data: bytes, format: SourceFormat) -> bytes:
    """Return a file that Pillow does not refuse for what browsers do without."""
    match format:
        case "jpg":
            return with_end(data)
        case "png":
            return without_invalid_chunks(data)
        case _:
            return data


def _read_presentation(
    data: bytes, format: SourceFormat, image: Image.Image
) -> tuple[Size, Image.Transpose | None]:
    """Return the size of the part that is shown, as stored, and what turns it upright."""
    if format in _ORIENTED_BY_DECODER:
        return image.size, None
    if format == "avif":
        return read_presentation(data, image.size)
    return image.size, read_transpose(image)


def _open_with_pillow(data: bytes, format: SourceFormat, options: EngineOptions) -> Image.Image:
    match format:
        case "jpg":
            return _open_jpeg(data)
        case "heic":
            return _open_heic(data)
        case "jxl":
            return _open_jpegxl(data, options)
        case "tiff":
            return open_tiff(data)
        case _:
            return Image.open(io.BytesIO(data), formats=[format])


def _open_jpeg(data: bytes) -> Image.Image:
    """
    Open the first image of a file; some cameras append others.

    ``Image.open()`` compares a JPEG's full size with ``Image.MAX_IMAGE_PIXELS``, although it may
    be decoded at a smaller scale, and that limit holds for the whole process:
    https://github.com/python-pillow/Pillow/issues/515. Therefore, the plugin is called directly.
    """
    try:
        return JpegImageFile(io.BytesIO(data))
    except SyntaxError as error:
        raise UnidentifiedImageError(str(error)) from error


def _open_heic(data: bytes) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise missing_extra("heic", error) from error
    # The plugin need not be registered for the whole process.
    image: Image.Image = HeifImageFile(io.BytesIO(data))  # type: ignore[no-untyped-call]
    return image


def _open_jpegxl(data: bytes, options: EngineOptions) -> Image.Image:
    try:
        return decode_jpegxl(data, with_metadata=options.keep_credit)
    except ImportError as error:
        raise missing_extra("jxl", error) from error


def _frame_indexes(image: Image.Image, format: SourceFormat, header: HeaderInfo | None) -> range:
    if format not in _ANIMATED:
        return range(1)
    if header and format == "gif":
        # Pillow would read the whole file again: https://github.com/python-pillow/Pillow/issues/6105.
        return range(header.frames)
    has_default_image = getattr(image, "default_image", False)
    return range(int(has_default_image), getattr(image, "n_frames", 1))


def _check_opened(
    image: Image.Image, format: SourceFormat, frames: range, options: EngineOptions
) -> None:
    """Check the limits again, with what only Pillow has read."""
    is_progressive = bool(image.info.get("progressive"))
    check_source_size(
        image.size, options.max_pixels, format, frames=frames.stop, progressive=is_progressive
    )
    # The tiles of a TIFF may be larger than the image, and a decoder allocates a whole tile.
    tags = getattr(image, "tag_v2", {})
    tile = (tags.get(_TILE_WIDTH, 1), tags.get(_TILE_LENGTH, 1))
    check_source_size(tile, options.max_pixels, "tiff")
