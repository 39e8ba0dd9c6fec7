"""
Every setting of the package, with its type and its default.

Settings are read at use, never at import, so ``override_settings`` just works.
"""

import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver

from django_shift_media.naming.formats import INPUT_FORMATS, SourceFormat

# What has been read and found good. A page asks for the same few settings with each URL, and
# each answer of Django's takes a good part of what the URL takes.
_good: dict[str, Any] = {}
_UNREAD = object()


@receiver(setting_changed)
def _read_again(**kwargs: Any) -> None:
    _good.clear()


def _setting(name: str, default: Any, *types: type) -> Any:
    value = _good.get(name, _UNREAD)
    if value is _UNREAD:
        value = _good[name] = _checked(name, default, *types)
    return value


def _checked(name: str, default: Any, *types: type) -> Any:
    # Asked first: the AttributeError of a setting that is not there takes two microseconds.
    value = getattr(settings, name) if settings.is_overridden(name) else default  # type: ignore[misc]  # not in the stubs
    # bool is an int in Python, and never a number in settings.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        wanted = " or ".join(type.__name__ for type in types)
        raise ImproperlyConfigured(f"{name} is {value!r}, wanted: {wanted}.")
    return value


def _positive(name: str, default: int) -> int:
    value: int = _setting(name, default, int)
    if value < 1:
        raise ImproperlyConfigured(f"{name} is {value!r}, wanted: 1 or more.")
    return value


def _choice(name: str, default: str, *others: str) -> str:
    value: str = _setting(name, default, str)
    if value not in {default, *others}:
        raise ImproperlyConfigured(
            f"{name} is {value!r}, wanted: {' or '.join([default, *others])}."
        )
    return value


class Conf:
    """The property ``x`` is the setting ``SHIFT_MEDIA_X``."""

    @property
    def storage(self) -> str | None:
        """The alias in ``STORAGES`` of the media storage; None: local disk."""
        value: str | None = _setting("SHIFT_MEDIA_STORAGE", None, str, type(None))
        return value

    @property
    def signing_key(self) -> str | bytes:
        """The secret that resizes are signed with."""
        value: str | bytes = _setting("SHIFT_MEDIA_SIGNING_KEY", settings.SECRET_KEY, str, bytes)
        if not value:
            raise ImproperlyConfigured("SHIFT_MEDIA_SIGNING_KEY is empty: anyone could sign.")
        return value

    @property
    def signing_key_fallbacks(self) -> list[str | bytes] | tuple[str | bytes, ...]:
        """Former secrets, whose signatures are still good."""
        default = settings.SECRET_KEY_FALLBACKS
        value: list[str | bytes] = _setting(
            "SHIFT_MEDIA_SIGNING_KEY_FALLBACKS", default, list, tuple
        )
        return value

    @property
    def engine(self) -> str:
        """The name of the image engine, one of ``django_shift_media.engines.selection.ENGINES``."""
        value: str = _setting("SHIFT_MEDIA_ENGINE", "pillow", str)
        return value

    @property
    def cache(self) -> str:
        """The alias in ``CACHES`` for locks and remembered failures."""
        value: str = _setting("SHIFT_MEDIA_CACHE", "default", str)
        return value

    @property
    def max_bytes(self) -> int:
        """The largest image file that is accepted and decoded, in bytes."""
        return _positive("SHIFT_MEDIA_MAX_BYTES", 100_000_000)

    @property
    def max_pixels(self) -> int:
        """The largest image that is accepted, decoded or made: width times height times frames."""
        return _positive("SHIFT_MEDIA_MAX_PIXELS", 64_000_000)

    @property
    def formats(self) -> Sequence[SourceFormat]:
        """The formats of originals that are accepted, by their extensions."""
        default = ("jpg", "png", "webp", "avif", "gif")
        value: Sequence[SourceFormat] = _setting("SHIFT_MEDIA_FORMATS", default, list, tuple)
        if not value or set(value) - set(INPUT_FORMATS):
            raise ImproperlyConfigured(
                f"SHIFT_MEDIA_FORMATS is {value!r}, wanted: some of {', '.join(INPUT_FORMATS)}."
            )
        return value

    @property
    def color(self) -> str:
        """
        The colors of resizes: "srgb", or "p3" to leave those of Display P3 as they are.

        All others become sRGB.
        """
        return _choice("SHIFT_MEDIA_COLOR", "srgb", "p3")

    @property
    def truncated(self) -> str:
        """What becomes of a JPEG that breaks off: "refuse" it, or "accept" it, gray at its end."""
        return _choice("SHIFT_MEDIA_TRUNCATED", "refuse", "accept")

    @property
    def keep_credit(self) -> bool:
        """Whether artist and copyright, as noted in EXIF, stay in resizes."""
        value: bool = _setting("SHIFT_MEDIA_KEEP_CREDIT", False, bool)
        return value

    @property
    def concurrency(self) -> int:
        """How many resizes a process makes at the same time."""
        return _positive("SHIFT_MEDIA_CONCURRENCY", os.cpu_count() or 1)

    @property
    def presets(self) -> dict[str, dict[str, Any]]:
        """The options of resizes and of pictures, by the name that stands for them."""
        value: dict[str, dict[str, Any]] = _setting("SHIFT_MEDIA_PRESETS", {}, dict)
        return value

    @property
    def enqueue(self) -> str:
        """The dotted path of the function that hands resizes to be made to a queue."""
        value: str = _setting(
            "SHIFT_MEDIA_ENQUEUE", "django_shift_media.contrib.tasks.enqueue", str
        )
        return value

    @property
    def presets_only(self) -> bool:
        """Whether presets are all that is signed and made."""
        value: bool = _setting("SHIFT_MEDIA_PRESETS_ONLY", False, bool)
        return value


NAMES = tuple(
    f"SHIFT_MEDIA_{name.upper()}"
    for name, value in vars(Conf).items()
    if isinstance(value, property)
)

conf = Conf()
