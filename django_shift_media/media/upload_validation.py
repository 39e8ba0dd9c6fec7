"""Validation of uploads, by their content: every field, form and serializer calls this module."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast
from weakref import WeakKeyDictionary

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext_lazy as _
from PIL import Image

from django_shift_media.conf import conf
from django_shift_media.engines.engine import ImageInfo
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.exceptions import FileTooLarge, UnacceptableFile
from django_shift_media.generation.worker_pool import worker_pool
from django_shift_media.media.captions import check_captions
from django_shift_media.media.examined_file import ExaminedFile
from django_shift_media.media.upload_validators import VALIDATOR_ERRORS, validate_once
from django_shift_media.naming.placeholder import THUMBNAIL_SIDE, Placeholder, is_installed
from django_shift_media.naming.resizes import Resize
from django_shift_media.storages.base import check_size
from django_shift_media.storages.ranged_file import RangedFile

if TYPE_CHECKING:
    from django_shift_media.video.facts import VideoFacts

logger = logging.getLogger("django_shift_media")

Kind = Literal["image", "any", "video", "captions"]
T = TypeVar("T")

UPLOAD_ERRORS: dict[str, Any] = {
    "invalid_image": _("We couldn’t process “%(name)s”: %(reason)s"),
    "too_large": _("“%(name)s” is too large: %(reason)s"),
    "try_again": _("We couldn’t process “%(name)s” at the moment. Try again later."),
    **VALIDATOR_ERRORS,
}

# What a placeholder is made of.
_PREVIEW = Resize(width=THUMBNAIL_SIDE, height=THUMBNAIL_SIDE, format="png")

# Results by the object that holds the bytes: a form, an assignment and a save decode a file once.
_results: "WeakKeyDictionary[Any, dict[Any, Any]]" = WeakKeyDictionary()


@dataclass(frozen=True)
class _Verified:
    """An image that has been decoded once, and of which a placeholder can be made later."""

    info: ImageInfo
    preview: Image.Image | None = None

    @cached_property
    def placeholder(self) -> Placeholder:
        # Without "thash", there is no preview, and this raises ImportError.
        return Placeholder.from_image(cast(Image.Image, self.preview))


def validate_upload(file: "File[Any]", *, kind: Kind, max_bytes: int | None) -> ImageInfo | None:
    """
    Validate a file by its content; return what image it is, None if the kind is not "image".

    The file's name and the content type that the browser sent are ignored. ``max_bytes`` is the
    field's own limit, None for no limit. An image must respect ``SHIFT_MEDIA_MAX_BYTES`` as well,
    or it could not be resized; a video ``SHIFT_MEDIA_VIDEO_MAX_BYTES``. Raise ``FileTooLarge``,
    ``UnreadableImage`` or ``UnreadableVideo``, or ``UnacceptableFile`` for captions. The file is
    left at its beginning.
    """
    check_size(file.size, max_bytes)
    if kind == "any":
        return None
    if kind == "video":
        read_video_facts(file)
        return None
    if kind == "captions":
        check_captions(file)
        return None
    check_size(file.size, conf.max_bytes)
    if isinstance(file, ExaminedFile) and file.info:
        return file.info
    return decode_once(file, _verify).info


def read_video_facts(file: "File[Any]") -> "VideoFacts":
    """Return what the header of a video says; raise ``FileTooLarge`` or ``UnreadableVideo``."""
    from django_shift_media.video.probe import read_facts

    check_size(file.size, conf.video_max_bytes)
    if isinstance(file, ExaminedFile):  # Opening it would download all of it.
        return read_facts(RangedFile(file.storage, file.key, 0, file.size))
    return read_facts(file)


def clean_upload(
    file: "File[Any]",
    *,
    kind: Kind,
    max_bytes: int | None,
    messages: Mapping[str, Any] = UPLOAD_ERRORS,
) -> None:
    """
    Validate a file for a form, also by ``SHIFT_MEDIA_UPLOAD_VALIDATORS``.

    Raise ``ValidationError``, with a message of ``messages`` or of a validator.
    """
    clean_content(file, kind=kind, max_bytes=max_bytes, messages=messages)
    validate_once(file, messages)


def clean_content(
    file: "File[Any]",
    *,
    kind: Kind,
    max_bytes: int | None,
    messages: Mapping[str, Any] = UPLOAD_ERRORS,
) -> None:
    """As ``clean_upload()``, without the validators of the project."""
    try:
        validate_upload(file, kind=kind, max_bytes=max_bytes)
    except UnacceptableFile as error:
        raise refusal(file.name, error, messages) from error
    except MemoryError as error:  # the file may be in order
        logger.error("Out of memory for the upload %s: %s", file.name, error)
        params = {"name": file.name}
        raise ValidationError(messages["try_again"], code="try_again", params=params) from error


def refusal(
    name: str | None, error: UnacceptableFile, messages: Mapping[str, Any] = UPLOAD_ERRORS
) -> ValidationError:
    """Return the error of a form for a file that is refused."""
    code = "too_large" if isinstance(error, FileTooLarge) else "invalid_image"
    params = {"name": name, "reason": error.translated()}
    return ValidationError(messages[code], code=code, params=params)


def make_placeholder(file: "File[Any]") -> Placeholder:
    """Make the placeholder of a file that ``validate_upload()`` has found to be an image."""
    if isinstance(file, ExaminedFile) and file.placeholder:
        return Placeholder.parse(file.placeholder)
    return decode_once(file, _verify).placeholder


def decode_once(file: "File[Any]", function: Callable[[bytes], T]) -> T:
    """Call a function with the bytes of an upload, in a decoder thread; once for each file."""
    results = _results.setdefault(file.file, {})
    key = function, file.size
    if key not in results:
        results[key] = worker_pool().decode_upload(lambda: function(_read(file)))
        file.seek(0)
    result: T = results[key]
    return result


def _read(file: "File[Any]") -> bytes:
    file.seek(0)
    data: bytes = file.read()
    return data


def _verify(data: bytes) -> _Verified:
    # Where no field can have a placeholder, nothing is scaled for one.
    if not is_installed():
        return _Verified(get_engine().verify(data, engine_options()))
    options = engine_options(color="srgb")
    return _Verified(*get_engine().verify_with_preview(data, _PREVIEW, options))
