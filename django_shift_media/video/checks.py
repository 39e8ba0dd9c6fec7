"""System checks of videos: their settings, and the fields that have them."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.exceptions import InvalidResize
from django_shift_media.video.maker import get_maker
from django_shift_media.video.presets import rendition

_DEFAULT_ENQUEUE = "django_shift_media.contrib.tasks.enqueue"
_IMMEDIATE = "django.tasks.backends.immediate.ImmediateBackend"


def check_settings() -> Iterator[CheckMessage]:
    """Check the settings of videos, in a project that has some."""
    try:
        yield from _check_presets()
        yield from _check_maker()
        yield from _check_queue()
    except ImproperlyConfigured:  # reported as E002
        return


def _check_presets() -> Iterator[CheckMessage]:
    for name in conf.video_presets:
        try:
            rendition(name)
        except InvalidResize as error:
            yield Error(
                f"SHIFT_MEDIA_VIDEO_PRESETS[{name!r}]: {error}",
                hint="Use the form of this example: SHIFT_MEDIA_VIDEO_PRESETS ="
                ' {"web": {"height": 720}}.',
                id="shift_media.E040",
            )


def _check_maker() -> Iterator[CheckMessage]:
    try:
        maker = get_maker()
    except (ImportError, TypeError) as error:
        yield Error(
            f"SHIFT_MEDIA_VIDEO_MAKER is {conf.video_maker!r}, which cannot be used: {error}",
            hint="Remove SHIFT_MEDIA_VIDEO_MAKER to use ffmpeg.",
            id="shift_media.E041",
        )
        return
    if check := getattr(maker, "check", None):  # an optional method
        yield from check(deploy=False)


def _check_queue() -> Iterator[CheckMessage]:
    try:
        import_string(conf.enqueue)
    except ImportError as error:
        if conf.enqueue == _DEFAULT_ENQUEUE:  # any other is reported as E017
            yield Error(
                f"Workers make the renditions of videos, but there is no queue: {error}",
                hint="Install django-tasks, or set SHIFT_MEDIA_ENQUEUE.",
                id="shift_media.E042",
            )


def check_deployment() -> Iterator[CheckMessage]:
    """Check that no web process runs an encoder."""
    tasks = getattr(settings, "TASKS", {}).get("default", {})
    if conf.enqueue == _DEFAULT_ENQUEUE and tasks.get("BACKEND", _IMMEDIATE) == _IMMEDIATE:
        yield checks.Warning(
            "Django's tasks run at once, in the web process: an upload of a video waits until its"
            " renditions are made.",
            hint="Set TASKS to a backend that has workers, or set SHIFT_MEDIA_ENQUEUE.",
            id="shift_media.W120",
        )
    try:
        check = getattr(get_maker(), "check", None)
    except (ImproperlyConfigured, ImportError, TypeError):  # reported as E002 or E041
        return
    if check:
        yield from check(deploy=True)


def check_field(field: Any) -> Iterator[CheckMessage]:
    """Check the options of a media field with ``kind="video"``."""
    columns = {other.name: other for other in field.model._meta.get_fields()}
    state, poster = columns.get(field.video_field), columns.get(field.poster_field)
    if state and not isinstance(state, models.JSONField):
        yield Error(
            f"video_field is {field.video_field!r}, which is a {type(state).__name__}.",
            hint=f"Use {field.video_field} = models.JSONField(default=dict, editable=False).",
            obj=field,
            id="shift_media.E043",
        )
    if poster and getattr(poster, "kind", None) != "image":
        yield Error(
            f"poster_field is {field.poster_field!r}, which is not a MediaField for images.",
            hint=f"Use {field.poster_field} = MediaField(blank=True).",
            obj=field,
            id="shift_media.E044",
        )
    if field.warm:
        yield checks.Warning(
            f"warm is {list(field.warm)!r}, which has no effect on videos.",
            hint="Remove warm: resizes of the poster are made when they are first viewed.",
            obj=field,
            id="shift_media.W121",
        )
