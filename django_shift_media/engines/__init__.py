"""
Image engines: bytes and a ``Resize`` in, bytes out.

An engine knows no Django file, no storage and no URL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, cast

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.formats import SourceFormat
from django_shift_media.resizes import Resize
from django_shift_media.stopwatch import Stopwatch


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a file is by its content: width and height in pixels, upright (EXIF applied)."""

    format: SourceFormat
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


class Engine(Protocol):
    def verify(self, data: bytes, *, max_pixels: int) -> ImageInfo:
        """
        Decode an image, of an animation each frame, to see that all of it can be decoded.

        Raise ``UnreadableImage`` or, before any pixel is decoded, ``FileTooLarge``.
        ``max_pixels`` is for all frames together.
        """

    def render(
        self, data: bytes, resize: Resize, *, max_pixels: int, stopwatch: Stopwatch | None = None
    ) -> bytes:
        """
        Return the resize, encoded, without any metadata; raise as ``verify()`` does.

        The laps of the stopwatch are "decode", all that is done with pixels, and "encode".
        """

    def render_many(
        self,
        data: bytes,
        resizes: Sequence[Resize],
        *,
        max_pixels: int,
        stopwatch: Stopwatch | None = None,
    ) -> list[bytes]:
        """
        Return several resizes of one image, which is decoded once, for the largest of them.

        Of a JPEG, the smaller ones are therefore made from more pixels than ``render()`` takes:
        they look the same, but need not be the same bytes.
        """


ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "pillow": "django_shift_media.engines.pillow.engine",
        "auto": "django_shift_media.engines.auto.engine",
        "vips": "django_shift_media.engines.vips.engine",
    }
)


def get_engine() -> Engine:
    try:
        path = ENGINES[conf.engine]
    except KeyError:
        raise ImproperlyConfigured(
            f"SHIFT_MEDIA_ENGINE is {conf.engine!r}, must be one of: {', '.join(ENGINES)}."
        ) from None
    try:
        return cast(Engine, import_string(path))
    except ImportError as error:
        raise ImproperlyConfigured(
            f"SHIFT_MEDIA_ENGINE is {conf.engine!r}: pip install django-shift-media[vips]"
        ) from error
