"""System checks of the settings: mistakes that would otherwise show up as broken images."""

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
from django_shift_media.media.focal_points import focal_point_function
from django_shift_media.naming.formats import INPUT_FORMATS, OUTPUT_FORMATS
from django_shift_media.naming.presets import preset_error, preset_resizes
from django_shift_media.naming.urlconf import url_prefix
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage

MIN_KEY_LENGTH = 32  # bytes: the length of an HMAC-SHA256


@register()
def check_setting_names(**kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f"Unknown setting {name}.",
            hint=_similar_setting(name),
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
            hint = f"Remove {name} to use its default."
            messages.append(Error(str(error), hint=hint, id="shift_media.E002"))
    return messages


@register()
def check_engine(**kwargs: Any) -> list[CheckMessage]:
    try:
        get_engine()
    except ImproperlyConfigured as error:
        hint = "Remove SHIFT_MEDIA_ENGINE to use Pillow."
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
            f"SHIFT_MEDIA_FORMATS contains {format!r}, but the package {module} is not installed.",
            hint=f'Run: pip install "django-shift-media[{format}]"',
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
            ' "OPTIONS": {"bucket_name": …}}} and SHIFT_MEDIA_STORAGE = "media", or remove'
            " SHIFT_MEDIA_STORAGE to store media on local disk."
        )
        return [Error(str(error), hint=hint, id="shift_media.E004")]
    return [*_check_location(storage), *_check_urls(storage)]


def _check_location(storage: MediaStorage) -> Iterator[CheckMessage]:
    if hasattr(storage, "bucket_name") and not storage.bucket_name:
        yield Error(
            "The media storage has no bucket name.",
            hint=f'Set "bucket_name" in the OPTIONS of STORAGES[{conf.storage!r}].',
            id="shift_media.E005",
        )
    if conf.storage is None and not settings.MEDIA_ROOT:
        yield Error(
            "Media are stored on local disk, but MEDIA_ROOT is not set.",
            hint="Set MEDIA_ROOT to a directory, or SHIFT_MEDIA_STORAGE to an alias in STORAGES.",
            id="shift_media.E006",
        )


def _check_urls(storage: MediaStorage) -> Iterator[CheckMessage]:
    try:
        path = url_prefix()
    except ImproperlyConfigured as error:
        hint = (
            "Add path('media/', include('django_shift_media.urls')) to the urlpatterns of"
            f" {settings.ROOT_URLCONF}."
        )
        yield Error(str(error), hint=hint, id="shift_media.E007")
        return
    # In the other modes, the URLs are those of a bucket or a CDN.
    if storage.mode == "app" and storage.media_url.startswith("/") and storage.media_url != path:
        yield Error(
            f"Media URLs begin with {storage.media_url!r}, but the URLconf includes the URLs of"
            f" django_shift_media at {path!r}.",
            hint=f"Set MEDIA_URL = {path.lstrip('/')!r}, or include the URLs at the path in"
            " MEDIA_URL.",
            id="shift_media.E008",
        )


@register()
def check_signing_key(**kwargs: Any) -> list[CheckMessage]:
    try:
        length = len(force_bytes(conf.signing_key))
    except ImproperlyConfigured:  # reported as E002, or by Django if SECRET_KEY is missing
        return []
    if length >= MIN_KEY_LENGTH:
        return []
    return [
        checks.Warning(
            f"The key that signs resizes has {length} bytes, which can be guessed.",
            hint=f"Set SHIFT_MEDIA_SIGNING_KEY, or SECRET_KEY, to {MIN_KEY_LENGTH} or more random"
            " bytes. To generate a key, run:"
            " python -c 'import secrets; print(secrets.token_urlsafe(50))'",
            id="shift_media.W009",
        )
    ]


@register()
def check_presets(**kwargs: Any) -> list[CheckMessage]:
    try:
        presets = conf.presets
    except ImproperlyConfigured:  # reported as E002
        return []
    hint = (
        "Use the form of this example:"
        ' SHIFT_MEDIA_PRESETS = {"avatar": {"size": "96x96", "how": "fill"}}.'
    )
    return [
        Error(f"SHIFT_MEDIA_PRESETS[{name!r}]: {reason}", hint=hint, id="shift_media.E010")
        for name in presets
        if (reason := preset_error(name))
    ]


@register()
def check_encoders(**kwargs: Any) -> list[CheckMessage]:
    try:
        presets = [name for name in conf.presets if not preset_error(name)]  # reported as E010
    except ImproperlyConfigured:  # reported as E002
        return []
    return [
        Error(
            f"SHIFT_MEDIA_PRESETS[{name!r}] has the format {format!r}, but the package {module} is"
            " not installed.",
            hint=f'Run: pip install "django-shift-media[{format}]"',
            id="shift_media.E018",
        )
        for name in presets
        for format in sorted({resize.format for resize in preset_resizes(name, "jpg")})
        if (module := OUTPUT_FORMATS[format].encoder) and not find_spec(module)
    ]


@register()
def check_focal_point(**kwargs: Any) -> list[CheckMessage]:
    try:
        _ = conf.focal_point
    except ImproperlyConfigured:  # reported as E002
        return []
    try:
        focal_point_function()
    except ImproperlyConfigured as error:
        hint = "Remove SHIFT_MEDIA_FOCAL_POINT to crop around the center."
        return [Error(str(error), hint=hint, id="shift_media.E019")]
    return []


def _similar_setting(name: str) -> str:
    if close := difflib.get_close_matches(name, NAMES, 1, cutoff=0.85):
        return f"Did you mean {close[0]}?"
    return f"The settings are: {', '.join(NAMES)}."
