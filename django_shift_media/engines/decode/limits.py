"""
How many pixels and parts an image may have, by the memory and the time that decoding it takes.

Every file passes ``check_header()`` before a decoder sees it.
"""

import os
from types import MappingProxyType

from django_shift_media.engines.decode.header import HeaderInfo
from django_shift_media.engines.memory import require_memory
from django_shift_media.engines.options import EngineOptions
from django_shift_media.exceptions import FileTooLarge
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.formats import SourceFormat

# Bytes of memory for each pixel of an original while it is decoded and scaled: peak memory minus
# the memory after the imports, measured at 12 megapixels. Transparency adds up to a third. A JPEG
# is decoded at the smallest sufficient scale, and takes this much only at its full size.
BYTES_PER_PIXEL: MappingProxyType[SourceFormat, int] = MappingProxyType(
    {
        "jpg": 4,
        "png": 8,
        "gif": 8,
        "webp": 16,
        "avif": 16,
        "tiff": 8,
        "bmp": 8,
        "heic": 12,
        "jxl": 12,
    }
)
# A decoder keeps all coefficients of a progressive JPEG until it has read the last scan.
BYTES_PER_PIXEL_PROGRESSIVE = 8
_MAX_BYTES_PER_PIXEL = max(BYTES_PER_PIXEL.values())
# The plugin for JPEG XL ends the process if it lacks memory. It needs this much more for its
# threads, whose stacks have up to 8 MB.
_JPEGXL_OVERHEAD = 64_000_000 + 8_000_000 * (os.cpu_count() or 1)
# What a frame or a tile costs, however small it is: to decode, scale and encode one of a single
# pixel takes as long as this many pixels. Measured by ``python -m benchmarks hostile``.
MIN_PART_PIXELS = 4_096
# Decompressing two bytes of a PNG or a TIFF takes as long as decoding a pixel of other formats.
_BITS_PER_WORK = 16

_IMAGE_TOO_LARGE = _("The image has %(size)s pixels; the maximum is %(limit)s.")
_ANIMATION_TOO_LARGE = _(
    "The image has %(frames)s frames of %(size)s pixels; the maximum is %(limit)s in total."
)
_TOO_MANY_PARTS = _("The image has %(parts)s frames, tiles or layers; the maximum is %(limit)s.")
_TOO_MUCH_WORK = _(
    "The image takes as long to decode as one of %(work)s pixels; the maximum is %(limit)s."
)
_RESIZE_TOO_LARGE = _("The resize would have %(size)s pixels; the maximum is %(limit)s.")
_RESIZED_ANIMATION_TOO_LARGE = _(
    "The resize would have %(frames)s frames of %(size)s pixels; the maximum is %(limit)s in total."
)


def check_header(header: HeaderInfo, options: EngineOptions, format: SourceFormat) -> None:
    """
    Raise ``FileTooLarge`` for an original that would take too much memory or time to decode.

    The work may exceed the maximum number of pixels by a third: for transparency, and for tiles
    that exceed the canvas.
    """
    max_pixels = _max_pixels(options.max_pixels, format, frames=header.frames)
    max_work = max_pixels * 4 // 3
    max_pixels = min(max_pixels, int(max_work / header.work_per_pixel))
    _check(_too_large_message(header.frames), header.size, max_pixels, header.frames)
    parts = max(header.parts, header.frames)
    if parts > options.max_frames:
        raise FileTooLarge(_TOO_MANY_PARTS, parts=parts, limit=options.max_frames)
    if (work := _work(header)) > max_work:
        raise FileTooLarge(_TOO_MUCH_WORK, work=work, limit=max_work)


def require_decoder_memory(header: HeaderInfo | None, format: SourceFormat) -> None:
    """Raise ``MemoryError`` if a decoder would end the process because memory is short."""
    if header and format == "jxl":
        pixels = header.width * header.height
        require_memory(pixels * BYTES_PER_PIXEL[format] + _JPEGXL_OVERHEAD)


def _work(header: HeaderInfo) -> int:
    pixels = int(header.width * header.height * header.work_per_pixel)
    return header.work or header.frames * part_work(pixels, header.frames)


def part_work(pixels: int, parts: int) -> int:
    """Return the work for one of several frames or tiles, in pixels: none of them is free."""
    return max(pixels, MIN_PART_PIXELS) if parts > 1 else pixels


def work_per_raw_pixel(bits: int) -> float:
    """Return the work for a pixel that is decompressed to so many bits."""
    return max(bits, 1) / _BITS_PER_WORK


def check_source_size(
    size: tuple[int, int],
    max_pixels: int,
    format: SourceFormat,
    *,
    progressive: bool = False,
    frames: int = 1,
) -> None:
    """
    Raise ``FileTooLarge`` for an original with more pixels, in all of its frames, than allowed.

    ``max_pixels`` applies to the format that takes the most memory, and to all frames of an
    animation together. For a still image in a format that takes a fraction of that memory, the
    limit is higher in proportion.
    """
    limit = _max_pixels(max_pixels, format, frames=frames, progressive=progressive)
    _check(_too_large_message(frames), size, limit, frames)


def _too_large_message(frames: int) -> str:
    return _ANIMATION_TOO_LARGE if frames > 1 else _IMAGE_TOO_LARGE


def _max_pixels(
    max_pixels: int, format: SourceFormat, *, frames: int, progressive: bool = False
) -> int:
    if frames > 1:
        return max_pixels
    bytes_per_pixel = BYTES_PER_PIXEL_PROGRESSIVE if progressive else BYTES_PER_PIXEL[format]
    return max_pixels * _MAX_BYTES_PER_PIXEL // bytes_per_pixel


def check_resize_size(size: tuple[int, int], max_pixels: int, *, frames: int = 1) -> None:
    """Raise ``FileTooLarge`` for a resize with more pixels, in all of its frames, than allowed."""
    message = _RESIZED_ANIMATION_TOO_LARGE if frames > 1 else _RESIZE_TOO_LARGE
    _check(message, size, max_pixels, frames)


def _check(message: str, size: tuple[int, int], limit: int, frames: int) -> None:
    width, height = size
    if width * height * frames > limit:
        raise FileTooLarge(message, size=f"{width} x {height}", frames=frames, limit=limit)
