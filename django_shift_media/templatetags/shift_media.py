from typing import Unpack

from django import template

from django_shift_media.files import MediaFile
from django_shift_media.resizes import Options

register = template.Library()


@register.simple_tag
def resize(file: MediaFile | None, size: str, **options: Unpack[Options]) -> str:
    """
    Render the URL of a resize; see ``MediaFile.resize()`` for the options.

    An empty file renders nothing.
    """
    if file is None:
        return ""
    if not isinstance(file, MediaFile):
        raise ValueError(
            f"{{% resize %}} got {file!r}, wanted the file of a MediaField, as in"
            " {% resize obj.photo %}. Is the variable's name right?"
        )
    if not file:
        return ""
    return file.resize(size, **options)
