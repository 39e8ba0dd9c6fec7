"""
Image engines: bytes and a ``Resize`` in, bytes out.

An engine knows no Django file, no storage and no URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.formats import SourceFormat

if TYPE_CHECKING:
    from django_shift_media.engines.rendering import Engine


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a file is by its content: width and height in pixels, upright (EXIF applied)."""

    format: SourceFormat
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "pillow": "django_shift_media.engines.pillow.engine",
        "auto": "django_shift_media.engines.auto.engine",
        "vips": "django_shift_media.engines.vips.engine",
    }
)


def get_engine() -> "Engine":
    try:
        path = ENGINES[conf.engine]
    except KeyError:
        raise ImproperlyConfigured(
            f"SHIFT_MEDIA_ENGINE is {conf.engine!r}, must be one of: {', '.join(ENGINES)}."
        ) from None
    try:
        return cast("Engine", import_string(path))
    except ImportError as error:
        raise ImproperlyConfigured(
            f"SHIFT_MEDIA_ENGINE is {conf.engine!r}: pip install django-shift-media[vips]"
        ) from error
