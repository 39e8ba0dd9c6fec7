"""How many pixels an image may have, by the memory that decoding its format takes."""

from types import MappingProxyType

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

_IMAGE_TOO_LARGE = _("The image has %(size)s pixels; the maximum is %(limit)s.")
_ANIMATION_TOO_LARGE = _(
    "The image has %(frames)s frames of %(size)s pixels; the maximum is %(limit)s in total."
)
_RESIZE_TOO_LARGE = _("The resize would have %(size)s pixels; the maximum is %(limit)s.")
_RESIZED_ANIMATION_TOO_LARGE = _(
    "The resize would have %(frames)s frames of %(size)s pixels; the maximum is %(limit)s in total."
)


def check_source_size(
    size: tuple[int, int],
    max_pixels: int,
    format: SourceFormat,
    *,
    progressive: bool = False,
    frames: int = 1,
) -> None:
    """
    Raise ``FileTooLarge`` for an original that would take too much memory or time to decode.

    ``max_pixels`` applies to the format that takes the most memory, and to all frames of an
    animation together. For a still image in a format that takes a fraction of that memory, the
    limit is higher in proportion.
    """
    bytes_per_pixel = BYTES_PER_PIXEL_PROGRESSIVE if progressive else BYTES_PER_PIXEL[format]
    limit = max_pixels if frames > 1 else max_pixels * _MAX_BYTES_PER_PIXEL // bytes_per_pixel
    _check(_ANIMATION_TOO_LARGE if frames > 1 else _IMAGE_TOO_LARGE, size, limit, frames)


def check_resize_size(size: tuple[int, int], max_pixels: int, *, frames: int = 1) -> None:
    """Raise ``FileTooLarge`` for a resize with more pixels, in all of its frames, than allowed."""
    message = _RESIZED_ANIMATION_TOO_LARGE if frames > 1 else _RESIZE_TOO_LARGE
    _check(message, size, max_pixels, frames)


def _check(message: str, size: tuple[int, int], limit: int, frames: int) -> None:
    width, height = size
    if width * height * frames > limit:
        raise FileTooLarge(message, size=f"{width} x {height}", frames=frames, limit=limit)
