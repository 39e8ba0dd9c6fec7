"""How many pixels an image may have, by the memory that its format takes to be decoded."""

from types import MappingProxyType

from django_shift_media.exceptions import FileTooLarge
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.formats import SourceFormat

# Bytes of memory for each pixel of an original while it is decoded and scaled: the peaks of this
# engine over its imports, measured at 12 megapixels. Transparency adds up to a third. A JPEG is
# decoded at the least scale that is enough, and takes so much only where its full size is wanted.
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
# All coefficients of a progressive JPEG are kept until its last scan has been read.
PROGRESSIVE = 8
_IMAGE = _("The image has %(size)s pixels, %(limit)s may be had at most.")
_FRAMES = _(
    "The image has %(size)s pixels in each of %(frames)s frames, %(limit)s may be had at most."
)
_RESIZE = _("The resize has %(size)s pixels, %(limit)s may be had at most.")
_RESIZE_FRAMES = _(
    "The resize has %(size)s pixels in each of %(frames)s frames, %(limit)s may be had at most."
)
_MOST = max(BYTES_PER_PIXEL.values())


def check_source(
    size: tuple[int, int],
    max_pixels: int,
    format: SourceFormat,
    *,
    progressive: bool = False,
    frames: int = 1,
) -> None:
    """
    Raise ``FileTooLarge`` for an original that would take too much memory or time.

    ``max_pixels`` is for the format that takes most memory, and for all frames of an animation
    together. A picture of a format that takes less may have so many more pixels.
    """
    weight = PROGRESSIVE if progressive else BYTES_PER_PIXEL[format]
    most = max_pixels if frames > 1 else max_pixels * _MOST // weight
    _check(_FRAMES if frames > 1 else _IMAGE, size, most, frames)


def check_result(size: tuple[int, int], max_pixels: int, *, frames: int = 1) -> None:
    _check(_RESIZE_FRAMES if frames > 1 else _RESIZE, size, max_pixels, frames)


def _check(message: str, size: tuple[int, int], most: int, frames: int) -> None:
    width, height = size
    if width * height * frames > most:
        raise FileTooLarge(message, size=f"{width} x {height}", frames=frames, limit=most)
