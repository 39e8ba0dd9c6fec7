"""What a file is before it becomes an original: verified by its content, within the limits."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from django.core.files.base import File

from django_shift_media.conf import conf
from django_shift_media.engines.engine import ImageInfo
from django_shift_media.engines.selection import get_engine
from django_shift_media.generation.worker_pool import worker_pool
from django_shift_media.naming.placeholder import THUMBNAIL_SIDE, Placeholder
from django_shift_media.naming.resizes import Resize
from django_shift_media.storages.base import check_size

Kind = Literal["image", "any"]
T = TypeVar("T")


def examine(file: "File[Any]", *, kind: Kind, max_bytes: int | None) -> ImageInfo | None:
    """
    Check a file by its content; return what image it is, None for ``kind="any"``.

    The file's name and the content type that the browser sent are not believed. ``max_bytes``
    None means no limit of its own; an image must keep to ``SHIFT_MEDIA_MAX_BYTES``, or it could
    not be resized. Raise ``FileTooLarge`` or ``UnreadableImage``. Leaves the file at its
    beginning.
    """
    check_size(file.size, max_bytes)
    if kind == "any":
        return None
    check_size(file.size, conf.max_bytes)
    return _once(file, _verify)


def placeholder(file: "File[Any]") -> Placeholder:
    """Make the placeholder of a file that ``examine()`` has found to be an image."""
    return _once(file, _make_placeholder)


def _once(file: "File[Any]", function: Callable[[bytes], T]) -> T:
    """
    Call a function that decodes all of a file.

    The result stays with the file: a form, an assignment and a save decode it once.
    """
    name = f"_shift_media{function.__name__}"
    result: T | None = getattr(file, name, None)
    if result is None:
        result = worker_pool().examine(lambda: function(_read(file)))
        file.seek(0)
        setattr(file, name, result)
    return result


def _read(file: "File[Any]") -> bytes:
    file.seek(0)
    data: bytes = file.read()
    return data


def _verify(data: bytes) -> ImageInfo:
    return get_engine().verify(data, max_pixels=conf.max_pixels)


def _make_placeholder(data: bytes) -> Placeholder:
    # Decoded again, but a JPEG, as all cameras make, only at an eighth of its size.
    small = Resize(width=THUMBNAIL_SIDE, height=THUMBNAIL_SIDE, format="png")
    return Placeholder.from_image(get_engine().render(data, small, max_pixels=conf.max_pixels))
