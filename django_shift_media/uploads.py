"""What a file is before it becomes an original: verified by its content, within the limits."""

from typing import Any, Literal

from django.core.files.base import File

from django_shift_media.conf import conf
from django_shift_media.engines import ImageInfo, get_engine
from django_shift_media.places import places
from django_shift_media.storages import check_bytes

Kind = Literal["image", "any"]

# The result stays with the file, so that a form, an assignment and a save decode it once.
_EXAMINED = "_shift_media_examined"


def examine(file: "File[Any]", *, kind: Kind, max_bytes: int | None) -> ImageInfo | None:
    """
    Check a file by its content; return what image it is, None for ``kind="any"``.

    The file's name and the content type that the browser sent are not believed. ``max_bytes``
    None means no limit of its own; an image must keep to ``SHIFT_MEDIA_MAX_BYTES``, or it could
    not be resized. Raise ``FileTooLarge`` or ``UnreadableImage``. Leaves the file at its
    beginning.
    """
    check_bytes(file.size, max_bytes)
    if kind == "any":
        return None
    check_bytes(file.size, conf.max_bytes)
    info: ImageInfo | None = getattr(file, _EXAMINED, None)
    if info is None:
        info = places().examine(lambda: _verify(file))
        file.seek(0)
        setattr(file, _EXAMINED, info)
    return info


def _verify(file: "File[Any]") -> ImageInfo:
    file.seek(0)
    return get_engine().verify(file.read(), max_pixels=conf.max_pixels)
