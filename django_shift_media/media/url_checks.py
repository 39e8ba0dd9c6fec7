"""System checks of the URLs of a storage."""

import re
from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.urls import Resolver404, get_script_prefix, resolve

from django_shift_media.conf import conf
from django_shift_media.naming.urlconf import APP_NAME, storage_alias, url_prefix
from django_shift_media.storages.contract import missing_methods
from django_shift_media.storages.selection import media_storage

# The path of a resize, with a signature that is not valid.
_PROBE_KEY = (
    "00000000/0000/4000/8000/000000000000/probe.jpg/200x200-fit-80-noupscale-"
    "00000000000000000000000000000000.jpg"
)


def check_urls_of(alias: str | None) -> list[CheckMessage]:
    """Check the URLs of the storage with an alias, or of the default media storage."""
    try:
        path = url_prefix(alias)
    except ImproperlyConfigured as error:
        hint = f"Add {_pattern(alias)} to the urlpatterns of {settings.ROOT_URLCONF}."
        return [Error(str(error), hint=hint, id="shift_media.E007")]
    return [*_check_base_url(path, alias), *_check_shadowed(path, alias)]


def _pattern(alias: str | None) -> str:
    if alias is None:
        return "path('shift-media/', include('django_shift_media.urls'))"
    return f"path('{alias}/', include('django_shift_media.urls', namespace={alias!r}))"


def _check_base_url(path: str, alias: str | None) -> Iterator[CheckMessage]:
    try:
        storage = media_storage(alias)
    except ImproperlyConfigured:  # reported as E004
        return
    if missing_methods(storage):  # reported as E027
        return
    # In the other modes, the URLs are those of a bucket or a CDN.
    is_path = re.match("/(?!/)", storage.media_url)
    if storage.mode == "app" and is_path and storage.media_url != path:
        yield Error(
            f"Media URLs begin with {storage.media_url!r}, but the URLconf includes the URLs of"
            f" django_shift_media at {path!r}.",
            hint='Remove "base_url" or "public_url" from the OPTIONS of'
            f" STORAGES[{storage.alias!r}], or include the URLs at {storage.media_url!r}.",
            id="shift_media.E008",
        )


def _check_shadowed(path: str, alias: str | None) -> Iterator[CheckMessage]:
    """Resolve the path of a resize as a request would."""
    root = get_script_prefix()
    try:
        match = resolve(f"/{path.removeprefix(root)}{_PROBE_KEY}")
    except Resolver404:  # for example, a pattern of another language
        return
    aliases = {None, conf.storage} if alias is None else {alias}
    if match.app_names[-1:] == [APP_NAME] and storage_alias(match) in aliases:
        return
    yield Error(
        f"Requests for media at {path!r} are handled by the URL pattern {match.route!r} instead of"
        " django_shift_media.urls.",
        hint=f"Add {_pattern(alias)} to the urlpatterns of {settings.ROOT_URLCONF} before this"
        " pattern. The path must differ from MEDIA_URL if static(settings.MEDIA_URL, …) serves"
        " other files there.",
        id="shift_media.E015",
    )
