"""``ResizedImage``: the URL of a resize, with what templates ask about it."""

from typing import TYPE_CHECKING, Any, Self, TypeAlias

from django_shift_media.conf import conf
from django_shift_media.media.bad_rows import BAD_ROW_ERRORS, report
from django_shift_media.naming.geometry import Size
from django_shift_media.naming.resize_options import ResizeOptions
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.srcset import displayed_size

if TYPE_CHECKING:
    from django_shift_media.media.files import MediaFile

# The file, the resize, and the arguments of ``MediaFile.resize()``.
_Source: TypeAlias = "tuple[MediaFile, Resize, str, ResizeOptions]"


class ResizedImage(str):
    """
    The URL of a resize: a ``str`` that also has ``url``, ``width``, ``height`` and ``srcset``.

    These are computed when they are used, without I/O. ``width`` and ``height`` are in pixels;
    they are None if the field has no ``width_field`` and ``height_field``, unless the size
    determines them. A copy, also one from a cache, is an ordinary ``str``.
    """

    # In one attribute, because every URL of a page sets it.
    __slots__ = ("_source",)

    _source: "_Source"

    def __new__(cls, url: str, source: "_Source") -> Self:
        image = super().__new__(cls, url)
        image._source = source
        return image

    @property
    def url(self) -> str:
        return str(self)

    @property
    def width(self) -> int | None:
        size = self._displayed_size
        return size and size[0]

    @property
    def height(self) -> int | None:
        size = self._displayed_size
        return size and size[1]

    @property
    def srcset(self) -> str:
        """The resize and one for screens of twice the density, if the original is large enough."""
        file, _, size, options = self._source
        # With presets only, no size is allowed that is not in the settings.
        more: Any = {} if conf.presets_only else {"densities": "1,2"}
        try:
            return file.picture(size, **options, **more).img.srcset_text
        except BAD_ROW_ERRORS as error:
            report(error)
            return ""

    @property
    def _displayed_size(self) -> Size | None:
        try:
            file, resize, *_ = self._source
            return displayed_size(resize, file.dimensions)
        except BAD_ROW_ERRORS as error:
            report(error)
            return None

    def __reduce__(self) -> Any:
        return str, (str(self),)


def img_attributes(image: ResizedImage) -> dict[str, str | int | None]:
    """Return the attributes of an ``<img>``; None for those that are unknown or not needed."""
    srcset = image.srcset
    return {
        "src": image.url,
        "srcset": None if srcset in {"", f"{image} 1x"} else srcset,
        "width": image.width,
        "height": image.height,
    }
