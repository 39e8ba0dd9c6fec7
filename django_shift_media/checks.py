"""System checks: what would otherwise show as broken images."""

import difflib
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.encoding import force_bytes

from django_shift_media.conf import NAMES, conf
from django_shift_media.engines.selection import get_engine
from django_shift_media.naming.formats import INPUT_FORMATS
from django_shift_media.naming.presets import preset_error
from django_shift_media.naming.urlconf import mount_path
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage

SHORTEST_KEY = 32  # bytes: as many as HMAC-SHA256 has


@register()
def check_setting_names(**kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{name} is no setting of django_shift_media.",
            hint=_did_you_mean(name),
            id="shift_media.E001",
        )
        for name in dir(settings)
        if name.startswith("SHIFT_MEDIA_") and name not in NAMES
    ]


@register()
def check_setting_values(**kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    for name in NAMES:
        try:
            getattr(conf, name.removeprefix("SHIFT_MEDIA_").lower())
        except ImproperlyConfigured as error:
            hint = f"Leave {name} out to take its default."
            messages.append(Error(str(error), hint=hint, id="shift_media.E002"))
    return messages


@register()
def check_engine(**kwargs: Any) -> list[CheckMessage]:
    try:
        get_engine()
    except ImproperlyConfigured as error:
        hint = "Leave it out to use Pillow."
        return [Error(str(error), hint=hint, id="shift_media.E003")]
    return []


@register()
def check_formats(**kwargs: Any) -> list[CheckMessage]:
    try:
        formats = conf.formats
    except ImproperlyConfigured:  # reported as E002
        return []
    return [
        Error(
            f"SHIFT_MEDIA_FORMATS has {format!r}, and {module} is not installed.",
            hint=f"pip install django-shift-media[{format}]",
            id="shift_media.E011",
        )
        for format in formats
        if (module := INPUT_FORMATS[format].module) and not find_spec(module)
    ]


@register()
def check_storage(**kwargs: Any) -> list[CheckMessage]:
    try:
        storage = media_storage()
    except ImproperlyConfigured as error:
        hint = (
            'Set STORAGES = {…, "media": {"BACKEND":'
            ' "django_shift_media.storages.s3.S3MediaStorage",'
            ' "OPTIONS": {"bucket_name": …}}} and SHIFT_MEDIA_STORAGE = "media", or leave'
            " SHIFT_MEDIA_STORAGE out to keep media on local disk."
        )
        return [Error(str(error), hint=hint, id="shift_media.E004")]
    return [*_check_place(storage), *_check_mount(storage)]


def _check_place(storage: MediaStorage) -> Iterator[CheckMessage]:
    if hasattr(storage, "bucket_name") and not storage.bucket_name:
        yield Error(
            "The media storage has no bucket.",
            hint=f'Set "bucket_name" in the OPTIONS of STORAGES[{conf.storage!r}].',
            id="shift_media.E005",
        )
    if conf.storage is None and not settings.MEDIA_ROOT:
        yield Error(
            "Media are kept on local disk, and MEDIA_ROOT does not say where.",
            hint="Set MEDIA_ROOT to a folder, or SHIFT_MEDIA_STORAGE to an alias in STORAGES.",
            id="shift_media.E006",
        )


def _check_mount(storage: MediaStorage) -> Iterator[CheckMessage]:
    try:
        path = mount_path()
    except ImproperlyConfigured as error:
        hint = (
            "Add path('media/', include('django_shift_media.urls')) to the urlpatterns of"
            f" {settings.ROOT_URLCONF}."
        )
        yield Error(str(error), hint=hint, id="shift_media.E007")
        return
    # Elsewhere the base is a bucket or a CDN, which send what is missing to the app.
    if storage.mode == "app" and storage.base.startswith("/") and storage.base != path:
        yield Error(
            f"URLs of media begin with {storage.base!r}, but the urls are mounted at {path!r}.",
            hint=f"Set MEDIA_URL = {path.lstrip('/')!r}, or mount the urls where it points.",
            id="shift_media.E008",
        )


@register()
def check_signing_key(**kwargs: Any) -> list[CheckMessage]:
    try:
        length = len(force_bytes(conf.signing_key))
    except ImproperlyConfigured:  # reported as E002, or by Django where there is no SECRET_KEY
        return []
    if length >= SHORTEST_KEY:
        return []
    return [
        checks.Warning(
            f"The key that signs resizes has {length} bytes: it can be guessed.",
            hint=f"Set SHIFT_MEDIA_SIGNING_KEY, or SECRET_KEY, to {SHORTEST_KEY} random bytes or"
            " more: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
            id="shift_media.W009",
        )
    ]


@register()
def check_presets(**kwargs: Any) -> list[CheckMessage]:
    try:
        presets = conf.presets
    except ImproperlyConfigured:  # reported as E002
        return []
    hint = 'Presets are as in SHIFT_MEDIA_PRESETS = {"avatar": {"size": "96x96", "how": "fill"}}.'
    return [
        Error(f"SHIFT_MEDIA_PRESETS[{name!r}]: {reason}", hint=hint, id="shift_media.E010")
        for name in presets
        if (reason := preset_error(name))
    ]


def _did_you_mean(name: str) -> str:
    if close := difflib.get_close_matches(name, NAMES, 1, cutoff=0.85):
        return f"Did you mean {close[0]}?"
    return f"The settings are: {', '.join(NAMES)}."
