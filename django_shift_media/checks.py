"""System checks of the settings: mistakes that would otherwise show up as broken images."""

import difflib
from collections.abc import Sequence
from importlib.util import find_spec
from inspect import isclass, iscoroutinefunction
from itertools import chain
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.encoding import force_bytes
from django.utils.module_loading import import_string

from django_shift_media.conf import MIN_KEY_LENGTH, NAMES, conf
from django_shift_media.engines.selection import InvalidStepOptions, get_engine, get_step
from django_shift_media.media.focal_points import focal_point_function
from django_shift_media.media.name_checks import check_names
from django_shift_media.media.references import media_fields
from django_shift_media.media.storage_users import storage_users
from django_shift_media.media.url_checks import check_urls_of
from django_shift_media.naming.formats import INPUT_FORMATS, OUTPUT_FORMATS
from django_shift_media.naming.presets import preset_error, preset_resizes
from django_shift_media.naming.steps import step_error
from django_shift_media.storages.storage_checks import check_media_storage, check_places
from django_shift_media.uploads.policy_checks import check_policy

_PREFIX = "SHIFT_MEDIA_"


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
            if not settings.is_overridden(name):  # type: ignore[misc]  # not in the stubs
                # Its default is a setting of Django's, such as SECRET_KEY_FALLBACKS.
                hint = f"Correct this setting, or set {name}."
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
    users = _storage_users()
    messages = (check_media_storage(alias, ", ".join(users[alias])) for alias in users)
    return [*chain.from_iterable(messages), *check_places(users)]


@register()
def check_urls(**kwargs: Any) -> list[CheckMessage]:
    return [message for alias in _storage_users() for message in check_urls_of(alias)]


def _storage_users() -> dict[str | None, list[str]]:
    try:
        return storage_users()
    except ImproperlyConfigured:  # reported as E002
        return {}


@register()
def check_cache(**kwargs: Any) -> list[CheckMessage]:
    try:
        alias = conf.cache
    except ImproperlyConfigured:  # reported as E002
        return []
    if alias in settings.CACHES:
        return []
    return [
        Error(
            f"SHIFT_MEDIA_CACHE is {alias!r}, but CACHES has no such alias.",
            hint=f"Use one of: {', '.join(map(repr, settings.CACHES))}.",
            id="shift_media.E016",
        )
    ]


@register()
def check_enqueue(**kwargs: Any) -> list[CheckMessage]:
    # The default requires Django 6, but only if something is enqueued.
    if not settings.is_overridden("SHIFT_MEDIA_ENQUEUE"):  # type: ignore[misc]  # not in the stubs
        return []
    try:
        problem = _problem_of(conf.enqueue)
    except ImproperlyConfigured:  # reported as E002
        return []
    if problem is None:
        return []
    return [
        Error(
            f"SHIFT_MEDIA_ENQUEUE is {conf.enqueue!r}, which cannot be used: {problem}",
            hint='Use the dotted path of a function, such as "django_shift_media.contrib.celery'
            ".enqueue\", or remove the setting to use Django's tasks.",
            id="shift_media.E017",
        )
    ]


@register()
def check_upload_permission(**kwargs: Any) -> list[CheckMessage]:
    try:
        paths = [path] if (path := conf.upload_permission) is not None else []
    except ImproperlyConfigured:  # reported as E002
        return []
    hint = "Use the dotted path of a function, or remove the setting."
    return _check_paths("SHIFT_MEDIA_UPLOAD_PERMISSION is", paths, hint, id="shift_media.E028")


@register()
def check_upload_validators(**kwargs: Any) -> list[CheckMessage]:
    try:
        paths = conf.upload_validators
    except ImproperlyConfigured:  # reported as E002
        return []
    hint = "Use the dotted path of a function. Until then, every upload is refused."
    return _check_paths(
        "SHIFT_MEDIA_UPLOAD_VALIDATORS contains", paths, hint, id="shift_media.E032"
    )


def _check_paths(what: str, paths: Sequence[str], hint: str, id: str) -> list[CheckMessage]:
    """Report the dotted paths that are not those of functions."""
    return [
        Error(f"{what} {path!r}: {problem}", hint=hint, id=id)
        for path in paths
        if (problem := _problem_of(path))
    ]


def _problem_of(path: str) -> str | None:
    try:
        function = import_string(path)
    except ImportError as error:
        return str(error)
    if not callable(function) or isclass(function):
        return "it is not a function."
    if iscoroutinefunction(function):
        return "it is asynchronous."
    return None


@register()
def check_upload_policy(**kwargs: Any) -> list[CheckMessage]:
    try:
        return list(check_policy())
    except ImproperlyConfigured:  # reported as E004
        return []


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
def check_steps(**kwargs: Any) -> list[CheckMessage]:
    try:
        reasons = {name: step_error(name) for name in conf.steps}
    except ImproperlyConfigured:  # reported as E002
        return []
    hint = (
        "Use the form of this example:"
        ' SHIFT_MEDIA_STEPS = {"grain": {"step": "shop.images.grain", "version": 1}}.'
    )
    invalid = [
        Error(f"SHIFT_MEDIA_STEPS[{name!r}]: {reason}", hint=hint, id="shift_media.E029")
        for name, reason in reasons.items()
        if reason
    ]
    unusable = chain.from_iterable(_unusable_step(name) for name in reasons if not reasons[name])
    return [*invalid, *unusable]


def _unusable_step(name: str) -> list[CheckMessage]:
    try:
        get_step(name)
    except InvalidStepOptions as error:
        hint = 'Correct the "options" of this step.'
        return [Error(str(error), hint=hint, id="shift_media.E031")]
    except ImproperlyConfigured as error:
        hint = 'Set "step" to the dotted path of a function or a class.'
        return [Error(str(error), hint=hint, id="shift_media.E030")]
    return []


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


@register()
def check_videos(**kwargs: Any) -> list[CheckMessage]:
    if not _has_videos():
        return []
    from django_shift_media.video.checks import check_settings

    return list(check_settings())


@register(deploy=True)
def check_video_deployment(**kwargs: Any) -> list[CheckMessage]:
    if not _has_videos():
        return []
    from django_shift_media.video.checks import check_deployment

    return list(check_deployment())


def _has_videos() -> bool:
    return any(field.kind == "video" for field in media_fields(apps))


@register(Tags.database)
def check_names_in_rows(
    app_configs: Sequence[AppConfig] | None = None,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Run by ``migrate``, and by ``check --database``."""
    labels = {config.label for config in app_configs} if app_configs else None
    fields = [
        field
        for field in media_fields(apps)
        if labels is None or field.model._meta.app_label in labels
    ]
    return list(check_names(fields, databases or ()))


def _similar_setting(name: str) -> str:
    # Without their prefix, because with it all settings are similar.
    names = [known.removeprefix(_PREFIX) for known in NAMES]
    if close := difflib.get_close_matches(name.removeprefix(_PREFIX), names, 1, cutoff=0.7):
        return f"Did you mean {_PREFIX}{close[0]}?"
    return f"The settings are: {', '.join(NAMES)}."
