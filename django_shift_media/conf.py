"""
Every setting of the package, with its type and its default.

Settings are read at use, never at import, so ``override_settings`` just works.
"""

import os
import re
from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeVar, get_args

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.utils.encoding import force_bytes

# The formats of originals that SHIFT_MEDIA_FORMATS may list, by their extensions.
SourceFormat = Literal["jpg", "png", "webp", "avif", "gif", "tiff", "bmp", "heic", "jxl"]

# Bytes of a signing key: the length of an HMAC-SHA256.
MIN_KEY_LENGTH = 32


class _Cached(Protocol):
    def cache_clear(self) -> None: ...


A_YEAR = 31_536_000  # seconds

C = TypeVar("C", bound=_Cached)

# Validated values. A page reads the same few settings for each URL, and each read through
# Django takes a large part of the time that the URL takes.
_values: dict[str, Any] = {}
_cached_functions: list[_Cached] = []
_MISSING = object()


def cached_until_settings_change(function: C) -> C:
    """
    Clear the cache of a function, decorated with ``lru_cache``, whenever a setting changes.

    Settings change in tests only.
    """
    _cached_functions.append(function)
    return function


@receiver(setting_changed)
def clear_caches(**kwargs: Any) -> None:
    """Forget everything that was computed from settings."""
    _values.clear()
    for function in _cached_functions:
        function.cache_clear()


def _setting(name: str, default: Any, *types: type) -> Any:
    value = _values.get(name, _MISSING)
    if value is _MISSING:
        value = _values[name] = _read(name, default, *types)
    return value


def _read(name: str, default: Any, *types: type) -> Any:
    # Checked first, because the AttributeError of a missing setting takes two microseconds.
    value = getattr(settings, name) if settings.is_overridden(name) else default  # type: ignore[misc]  # not in the stubs
    # bool is a subclass of int, but never a valid number in settings.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        names = " or ".join(type.__name__ for type in types)
        raise ImproperlyConfigured(f"{name} is {value!r}. Its type must be {names}.")
    return value


def _positive(name: str, default: int) -> int:
    value: int = _setting(name, default, int)
    if value < 1:
        raise ImproperlyConfigured(f"{name} is {value!r}. It must be 1 or more.")
    return value


def _positive_or_none(name: str) -> int | None:
    return None if _setting(name, None, int, type(None)) is None else _positive(name, 1)


def _choice(name: str, default: str, *others: str) -> str:
    value: str = _setting(name, default, str)
    choices = (default, *others)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}. It must be one of: {', '.join(choices)}.")
    return value


def _check_fallback(name: str, key: object) -> None:
    """Refuse a key that can be guessed, which would let anyone sign; never print a key."""
    if not isinstance(key, (str, bytes)):
        problem = f"is a {type(key).__name__}, not a key"
    elif not key:
        problem = "is empty, so anyone could sign URLs"
    elif (length := len(force_bytes(key))) < MIN_KEY_LENGTH:
        problem = f"has {length} bytes, so it could be guessed"
    else:
        return
    raise ImproperlyConfigured(
        f"{name} {problem}. Remove it from the list, which may be empty, or use a key of"
        f" {MIN_KEY_LENGTH} bytes or more."
    )


def _check_secret(name: str, secret: object) -> None:
    """Refuse what could be guessed, or cannot be the value of a header; never print it."""
    if not (isinstance(secret, str) and re.fullmatch(r"[!-~]{32,512}", secret)):
        raise ImproperlyConfigured(
            f"{name} must be 32 to 512 ASCII letters, digits and signs, without spaces."
        )


class Conf:
    """The settings of the package: the property ``x`` reads ``SHIFT_MEDIA_X``."""

    @property
    def storage(self) -> str | None:
        """The alias of the media storage in ``STORAGES``; None means local disk."""
        value: str | None = _setting("SHIFT_MEDIA_STORAGE", None, str, type(None))
        return value

    @property
    def signing_key(self) -> str | bytes:
        """The secret key that signs the URLs of resizes."""
        value: str | bytes = _setting("SHIFT_MEDIA_SIGNING_KEY", settings.SECRET_KEY, str, bytes)
        if not value:
            raise ImproperlyConfigured(
                "SHIFT_MEDIA_SIGNING_KEY is empty, so anyone could sign URLs. Set it to a secret."
            )
        return value

    @property
    def signing_key_fallbacks(self) -> list[str | bytes] | tuple[str | bytes, ...]:
        """Former signing keys, whose signatures are still accepted: ``MIN_KEY_LENGTH`` or more."""
        name, default = "SHIFT_MEDIA_SIGNING_KEY_FALLBACKS", settings.SECRET_KEY_FALLBACKS
        value: list[str | bytes] = _setting(name, default, list, tuple)
        source = name if settings.is_overridden(name) else "SECRET_KEY_FALLBACKS"  # type: ignore[misc]  # not in the stubs
        for index, key in enumerate(value):
            _check_fallback(f"{source}[{index}]", key)
        return value

    @property
    def engine(self) -> str:
        """The image engine: "pillow", "vips", "auto", or the dotted path of another one."""
        value: str = _setting("SHIFT_MEDIA_ENGINE", "pillow", str)
        return value

    @property
    def cache(self) -> str:
        """The alias in ``CACHES`` of the cache for locks and remembered failures."""
        value: str = _setting("SHIFT_MEDIA_CACHE", "default", str)
        return value

    @property
    def max_bytes(self) -> int:
        """The maximum size of an image file that is accepted and decoded, in bytes."""
        return _positive("SHIFT_MEDIA_MAX_BYTES", 100_000_000)

    @property
    def max_pixels(self) -> int:
        """The maximum of width times height times frames, for originals and for resizes."""
        return _positive("SHIFT_MEDIA_MAX_PIXELS", 64_000_000)

    @property
    def max_frames(self) -> int:
        """The maximum number of frames of an original, and of tiles or layers of a frame."""
        return _positive("SHIFT_MEDIA_MAX_FRAMES", 2_000)

    @property
    def formats(self) -> Sequence[SourceFormat]:
        """The accepted formats of originals, by their extensions."""
        default = ("jpg", "png", "webp", "avif", "gif")
        value: Sequence[SourceFormat] = _setting("SHIFT_MEDIA_FORMATS", default, list, tuple)
        supported = get_args(SourceFormat)
        if not value or not set(value).issubset(supported):
            raise ImproperlyConfigured(
                f"SHIFT_MEDIA_FORMATS is {value!r}. It must list one or more of:"
                f" {', '.join(supported)}."
            )
        return value

    @property
    def color(self) -> str:
        """
        The color space of resizes: "srgb", or "p3" to keep Display P3 where an original has it.

        All other color spaces are converted to sRGB.
        """
        return _choice("SHIFT_MEDIA_COLOR", "srgb", "p3")

    @property
    def truncated(self) -> str:
        """Whether to "refuse" a truncated JPEG, or to "accept" it with a gray end."""
        return _choice("SHIFT_MEDIA_TRUNCATED", "refuse", "accept")

    @property
    def keep_credit(self) -> bool:
        """Whether resizes keep creator, copyright and terms of use from the original's metadata."""
        value: bool = _setting("SHIFT_MEDIA_KEEP_CREDIT", False, bool)
        return value

    @property
    def concurrency(self) -> int:
        """The number of resizes that a process makes at the same time."""
        return _positive("SHIFT_MEDIA_CONCURRENCY", os.cpu_count() or 1)

    @property
    def threads(self) -> int | None:
        """
        How many threads of a process may generate resizes, or wait for them, for requests.

        None: all but a quarter of the threads of the server, if they are known.
        """
        value: int | None = _setting("SHIFT_MEDIA_THREADS", None, int, type(None))
        return value if value is None else _positive("SHIFT_MEDIA_THREADS", value)

    @property
    def upload_memory(self) -> int:
        """How many bytes of uploads a process holds in memory while it sends them to S3."""
        return _positive("SHIFT_MEDIA_UPLOAD_MEMORY", 64_000_000)

    @property
    def focal_point(self) -> str | None:
        """How to find the focal point of an upload: "attention", or the path of a function."""
        value: str | None = _setting("SHIFT_MEDIA_FOCAL_POINT", None, str, type(None))
        return value

    @property
    def max_age(self) -> int:
        """For how many seconds browsers and CDNs may keep media without asking again."""
        return _positive("SHIFT_MEDIA_MAX_AGE", A_YEAR)

    @property
    def max_response_bytes(self) -> int | None:
        """The maximum size of a resize that the view returns itself; None means no limit."""
        return _positive_or_none("SHIFT_MEDIA_MAX_RESPONSE_BYTES")

    @property
    def presets(self) -> dict[str, dict[str, Any]]:
        """The presets: options of resizes and responsive images, by name."""
        value: dict[str, dict[str, Any]] = _setting("SHIFT_MEDIA_PRESETS", {}, dict)
        return value

    @property
    def steps(self) -> dict[str, Any]:
        """The steps of the site's own, which change resized images, by name."""
        value: dict[str, Any] = _setting("SHIFT_MEDIA_STEPS", {}, dict)
        return value

    @property
    def outdated_steps(self) -> str:
        """Whether to "refuse" resizes with older versions of steps, or to use the "current" one."""
        return _choice("SHIFT_MEDIA_OUTDATED_STEPS", "refuse", "current")

    @property
    def upload_seconds(self) -> int:
        """For how many seconds a form may take to upload straight to the storage and be sent."""
        return _positive("SHIFT_MEDIA_UPLOAD_SECONDS", 86_400)

    @property
    def upload_limit(self) -> int:
        """The maximum number of uploads straight to the storage that a user has in flight."""
        return _positive("SHIFT_MEDIA_UPLOAD_LIMIT", 20)

    @property
    def upload_permission(self) -> str | None:
        """The dotted path of the function that says who may upload straight to the storage."""
        value: str | None = _setting("SHIFT_MEDIA_UPLOAD_PERMISSION", None, str, type(None))
        return value

    @property
    def upload_validators(self) -> Sequence[str]:
        """The dotted paths of the functions that may refuse an upload, such as virus scanners."""
        name = "SHIFT_MEDIA_UPLOAD_VALIDATORS"
        value: Sequence[str] = _setting(name, (), list, tuple)
        if not all(isinstance(path, str) for path in value):
            raise ImproperlyConfigured(
                f"{name} is {value!r}. It must list dotted paths of functions, such as"
                ' "gallery.uploads.scan".'
            )
        return value

    @property
    def enqueue(self) -> str:
        """The dotted path of the function that sends resizes to a task queue."""
        value: str = _setting(
            "SHIFT_MEDIA_ENQUEUE", "django_shift_media.contrib.tasks.enqueue", str
        )
        return value

    @property
    def video_presets(self) -> dict[str, dict[str, Any]]:
        """The renditions of videos: options of ``Rendition``, by name."""
        default = {"web": {"height": 720}}
        value: dict[str, dict[str, Any]] = _setting("SHIFT_MEDIA_VIDEO_PRESETS", default, dict)
        return value

    @property
    def video_maker(self) -> str:
        """The dotted path of the maker of renditions and posters."""
        default = "django_shift_media.video.ffmpeg.FfmpegMaker"
        value: str = _setting("SHIFT_MEDIA_VIDEO_MAKER", default, str)
        return value

    @property
    def video_poster(self) -> int | float | None:
        """The position of posters in seconds; None selects a representative frame."""
        value: int | float | None = _setting(
            "SHIFT_MEDIA_VIDEO_POSTER", None, int, float, type(None)
        )
        if value is not None and not 0 <= value <= 360_000:
            raise ImproperlyConfigured(
                f"SHIFT_MEDIA_VIDEO_POSTER is {value!r}. It must be 0 to 360000 seconds, or None."
            )
        return value

    @property
    def video_max_bytes(self) -> int:
        """The maximum size of a video that is accepted and encoded, in bytes."""
        return _positive("SHIFT_MEDIA_VIDEO_MAX_BYTES", 2_000_000_000)

    @property
    def video_max_seconds(self) -> int:
        """The maximum duration of a video that is accepted and encoded."""
        return _positive("SHIFT_MEDIA_VIDEO_MAX_SECONDS", 7_200)

    @property
    def video_max_pixels(self) -> int:
        """The maximum of width times height of a video."""
        return _positive("SHIFT_MEDIA_VIDEO_MAX_PIXELS", 35_389_440)

    @property
    def mediaconvert_role(self) -> str:
        """The ARN of the role with which MediaConvert reads and writes the bucket."""
        value: str = _setting("SHIFT_MEDIA_MEDIACONVERT_ROLE", "", str)
        return value

    @property
    def mediaconvert_queue(self) -> str:
        """The name or the ARN of the queue of MediaConvert."""
        value: str = _setting("SHIFT_MEDIA_MEDIACONVERT_QUEUE", "Default", str)
        return value

    @property
    def mediaconvert_secret(self) -> str:
        """The secret that events of MediaConvert come with; "" refuses all events."""
        name = "SHIFT_MEDIA_MEDIACONVERT_SECRET"
        value: str = _setting(name, "", str)
        if value:
            _check_secret(name, value)
        return value

    @property
    def mediaconvert_secret_fallbacks(self) -> list[str] | tuple[str, ...]:
        """Former secrets of events, which are still accepted."""
        name = "SHIFT_MEDIA_MEDIACONVERT_SECRET_FALLBACKS"
        value: list[str] | tuple[str, ...] = _setting(name, (), list, tuple)
        for index, secret in enumerate(value):
            _check_secret(f"{name}[{index}]", secret)
        return value

    @property
    def mediaconvert_poll_seconds(self) -> int:
        """The seconds after which a worker looks at a job of MediaConvert again."""
        return _positive("SHIFT_MEDIA_MEDIACONVERT_POLL_SECONDS", 15)

    @property
    def mediaconvert_max_seconds(self) -> int:
        """The seconds after which a job of MediaConvert is canceled."""
        return _positive("SHIFT_MEDIA_MEDIACONVERT_MAX_SECONDS", 21_600)

    @property
    def presets_only(self) -> bool:
        """Whether only the resizes of presets are signed and made."""
        value: bool = _setting("SHIFT_MEDIA_PRESETS_ONLY", False, bool)
        return value

    @property
    def strict(self) -> bool:
        """Whether rows with invalid values raise an error on pages and in APIs, too."""
        value: bool = _setting("SHIFT_MEDIA_STRICT", bool(settings.DEBUG), bool)
        return value


NAMES = tuple(
    f"SHIFT_MEDIA_{name.upper()}"
    for name, value in vars(Conf).items()
    if isinstance(value, property)
)

conf = Conf()
