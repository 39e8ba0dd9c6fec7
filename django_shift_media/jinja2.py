"""An extension for Jinja2 templates."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from jinja2 import ChainableUndefined, Environment, Undefined
from jinja2.ext import Extension

from django_shift_media.media import html_tags
from django_shift_media.media.bad_rows import MissingFile


class ShiftMediaExtension(Extension):
    """Add the functions ``resize``, ``picture``, ``img``, ``srcset`` and ``video``."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals.update(
            resize=_with_missing_files(html_tags.resize),
            picture=_with_missing_files(html_tags.picture),
            img=_with_missing_files(html_tags.img),
            srcset=_with_missing_files(html_tags.srcset),
            video=_with_missing_files(html_tags.video),
        )


def _with_missing_files(tag: Callable[..., str]) -> Callable[..., str]:
    """Let a tag treat ``profile.photo`` of a profile that is None as a missing file."""

    @wraps(tag)
    def render(file: Any, *args: Any, **kwargs: Any) -> str:
        if isinstance(file, Undefined) and (
            file._undefined_obj is None or isinstance(file, ChainableUndefined)
        ):
            file = MissingFile(str(file._undefined_name))
        return tag(file, *args, **kwargs)

    return render
