"""System checks of a site whose videos MediaConvert encodes."""

import re
from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse

from django_shift_media.conf import conf
from django_shift_media.exceptions import InvalidResize
from django_shift_media.naming.renditions import Ladder
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage
from django_shift_media.video.mediaconvert.documents import MIN_SIDE
from django_shift_media.video.mediaconvert.service import make_client
from django_shift_media.video.presets import rendition

_ROLE = r"arn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@/-]+"
_QUEUE = r"(arn:[a-z-]+:mediaconvert:[a-z0-9-]+:[0-9]{12}:queues/)?[\w -]{1,100}"
# What these hold is lost for other processes, or at once.
_OWN_CACHES = ("locmem.LocMemCache", "dummy.DummyCache")


def check_settings() -> Iterator[CheckMessage]:
    for storage in _storages():
        yield from _check_storage(storage)
    if not re.fullmatch(_ROLE, conf.mediaconvert_role, re.ASCII):
        yield Error(
            f"SHIFT_MEDIA_MEDIACONVERT_ROLE is {conf.mediaconvert_role!r}. It must be the ARN of"
            " the role with which MediaConvert reads and writes the bucket.",
            hint='Use the form of this example: "arn:aws:iam::123456789012:role/media-convert".'
            " configure_media_video makes the role.",
            id="shift_media.E051",
        )
    if not re.fullmatch(_QUEUE, conf.mediaconvert_queue, re.ASCII):
        yield Error(
            f"SHIFT_MEDIA_MEDIACONVERT_QUEUE is {conf.mediaconvert_queue!r}. It must be the name or"
            " the ARN of a queue.",
            hint='Remove SHIFT_MEDIA_MEDIACONVERT_QUEUE to use "Default".',
            id="shift_media.E052",
        )
    yield from _check_events()
    yield from _check_presets()


def check_deployment() -> Iterator[CheckMessage]:
    backend = settings.CACHES.get(conf.cache, {}).get("BACKEND", "")
    if backend.endswith(_OWN_CACHES):
        yield checks.Warning(
            f"The cache {conf.cache!r} is a {backend.rpartition('.')[2]}, so a worker does not know"
            " which jobs of MediaConvert another one has created: videos may be encoded, and paid"
            " for, twice.",
            hint="Use a cache that all processes share, such as Redis.",
            id="shift_media.W130",
        )


def _storages() -> list[MediaStorage]:
    """Return the storages of fields for videos; those that do not work are reported elsewhere."""
    aliases = {
        field.storage_alias  # type: ignore[attr-defined]  # a MediaField
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_fields
        if getattr(field, "kind", None) == "video"
    }
    found = []
    for alias in aliases:
        try:
            found.append(media_storage(alias))
        except (ImproperlyConfigured, ImportError):
            continue
    return found


def _check_storage(storage: MediaStorage) -> Iterator[CheckMessage]:
    try:
        client = make_client(storage)
    except ImproperlyConfigured as error:
        yield Error(
            str(error),
            hint="Use an S3MediaStorage, or remove SHIFT_MEDIA_VIDEO_MAKER to use ffmpeg.",
            id="shift_media.E050",
        )
        return
    arn = conf.mediaconvert_queue.split(":")
    if len(arn) > 3 and arn[3] != client.meta.region_name:
        yield Error(
            f"SHIFT_MEDIA_MEDIACONVERT_QUEUE is in {arn[3]}, but the bucket is in"
            f" {client.meta.region_name}.",
            hint="Use a queue in the region of the bucket.",
            id="shift_media.E054",
        )


def _check_events() -> Iterator[CheckMessage]:
    if not conf.mediaconvert_secret:
        return
    try:
        reverse("shift_media_mediaconvert")
    except NoReverseMatch:
        yield Error(
            "SHIFT_MEDIA_MEDIACONVERT_SECRET is set, but no URL takes the events of MediaConvert.",
            hint='Add path("mediaconvert/", include("django_shift_media.video.mediaconvert.urls"))'
            " to the URLconf, or remove the setting.",
            id="shift_media.E053",
        )


def _check_presets() -> Iterator[CheckMessage]:
    for name in conf.video_presets:
        try:
            made = rendition(name)
        except InvalidResize:  # reported as E040
            continue
        if isinstance(made, Ladder):
            yield Error(
                f"SHIFT_MEDIA_VIDEO_PRESETS[{name!r}] is a ladder, which MediaConvertMaker does not"
                " support.",
                hint='Use presets with "height", or remove SHIFT_MEDIA_VIDEO_MAKER to use ffmpeg.',
                id="shift_media.E056",
            )
        elif made.height < MIN_SIDE:
            yield Error(
                f"SHIFT_MEDIA_VIDEO_PRESETS[{name!r}] has the height {made.height}. MediaConvert"
                f" makes videos of {MIN_SIDE} pixels or more.",
                hint=f'Use "height": {MIN_SIDE} or more.',
                id="shift_media.E055",
            )
