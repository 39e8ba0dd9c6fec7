"""System checks of the storages on Google Cloud and on Azure, which need optional packages."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error

from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.object_storage import ObjectMediaStorage

# The extra that installs what a module needs.
_EXTRAS = {
    "django_shift_media.storages.gcs": "google",
    "django_shift_media.storages.azure": "azure",
}
_AZURE_CREDENTIALS = ("account_key", "connection_string", "sas_token", "token_credential")
# Settings of django-storages, the option that each sets, and what leaves media as they are.
_INHERITED = {
    "GS": (
        ("LOCATION", "location", '""'),
        ("CUSTOM_ENDPOINT", "custom_endpoint", "None"),
        ("OBJECT_PARAMETERS", "object_parameters", "{}"),
    ),
    "AZURE": (
        ("LOCATION", "location", '""'),
        ("CUSTOM_DOMAIN", "custom_domain", "None"),
        ("OBJECT_PARAMETERS", "object_parameters", "{}"),
    ),
}


def check_package(alias: str | None) -> CheckMessage | None:
    """Return an error if the storage with this alias needs a package that is not installed."""
    module = str(settings.STORAGES.get(str(alias), {}).get("BACKEND", "")).rpartition(".")[0]
    if module not in _EXTRAS:
        return None
    try:
        import_module(module)
    except ImportError as error:
        return Error(
            f"STORAGES[{alias!r}] needs a package that is not installed: {error}",
            hint=f'Install it: python -m pip install "django-shift-media[{_EXTRAS[module]}]"',
            id="shift_media.E033",
        )
    return None


def check_cloud(storage: MediaStorage) -> Iterator[CheckMessage]:
    if not isinstance(storage, ObjectMediaStorage):
        return
    if hasattr(storage, "azure_container"):
        yield from _check_azure(storage)
    yield from _check_inherited(storage)


def _check_azure(storage: Any) -> Iterator[CheckMessage]:
    """Find what is missing, without which no request can succeed."""
    required = {
        "azure_container": "container",
        "account_name": "account",
    }
    missing = {option: what for option, what in required.items() if not getattr(storage, option)}
    if not any(getattr(storage, option) for option in _AZURE_CREDENTIALS):
        missing["account_key"] = "credentials"
    for option, what in missing.items():
        others = (
            f", or one of: {', '.join(_AZURE_CREDENTIALS[1:])}" if what == "credentials" else ""
        )
        yield Error(
            f"The media storage has no {what}.",
            hint=f'Set "{option}" in the OPTIONS of STORAGES[{storage.alias!r}]{others}.',
            id="shift_media.E034",
        )


def _check_inherited(storage: Any) -> Iterator[CheckMessage]:
    """Warn of settings for other files that change keys, URLs or headers of media."""
    given: Any = settings.STORAGES[str(storage.alias)].get("OPTIONS", {})
    prefix = "AZURE" if hasattr(storage, "azure_container") else "GS"
    for name, option, neutral in _INHERITED[prefix]:
        value = getattr(settings, f"{prefix}_{name}", None)
        if value and option not in given:
            yield checks.Warning(
                f"The media storage inherits {prefix}_{name} = {value!r}.",
                hint=f'Set "{option}": {neutral}, or the value that is right for media, in the'
                f" OPTIONS of STORAGES[{storage.alias!r}].",
                id="shift_media.W013",
            )
