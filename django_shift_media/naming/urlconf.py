"""
The URL paths under which the project includes the URLs of this package, one for each storage.

The instance namespace of an ``include()`` is the alias of its storage. Without a namespace, it is
for the default media storage.
"""

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import ResolverMatch, get_resolver, get_script_prefix, get_urlconf, reverse

from django_shift_media.conf import cached_until_settings_change, conf

# The application namespace, and the instance namespace of an include() that gives none.
APP_NAME = "django_shift_media"


def url_prefix(alias: str | None = None, urlconf: str | None = None) -> str:
    """
    Return the path that every key of a storage follows, such as "/shift-media/".

    None is the default media storage. Raise ``ImproperlyConfigured`` if the project does not
    include the URLs for the storage.
    """
    included = namespaces(urlconf)
    names = [APP_NAME, conf.storage] if _is_default(alias) else [alias]
    for name in names:
        if name in included:
            return reverse(f"{name}:media", urlconf, args=["-"]).removesuffix("-")
    of_alias = "" if _is_default(alias) else f" with the namespace {alias!r}"
    raise ImproperlyConfigured(f"The URLconf does not include django_shift_media.urls{of_alias}.")


def namespaces(urlconf: str | None = None) -> list[str]:
    """Return the instance namespaces under which the URLconf includes the URLs."""
    resolver = get_resolver(urlconf or get_urlconf())
    found: list[str] = resolver.app_dict.get(APP_NAME, [])
    return found


def storage_alias(match: ResolverMatch | None) -> str | None:
    """Return the alias of the storage whose ``include()`` has matched; None for the default."""
    if match is None or match.app_names[-1:] != [APP_NAME]:
        return None
    namespace: str = match.namespaces[-1]
    return None if namespace == APP_NAME else namespace


def app_url(alias: str | None = None) -> str:
    """
    Return the base URL of a storage's keys that the app serves, with a final slash.

    This is ``url_prefix()``. For the default media storage, it is ``MEDIA_URL`` if that has a host,
    as with a CDN in front of the app.
    """
    return _app_url(alias, get_script_prefix())


@cached_until_settings_change
@lru_cache
def _app_url(alias: str | None, script_prefix: str) -> str:
    # Cached, because pages render many URLs. reverse() adds the script prefix.
    if not _is_default(alias):
        return url_prefix(alias, settings.ROOT_URLCONF)
    media_url = str(settings.MEDIA_URL)
    if "//" in media_url:
        return media_url
    try:
        return url_prefix(alias, settings.ROOT_URLCONF)
    except ImproperlyConfigured:  # reported by a system check
        return media_url


def _is_default(alias: str | None) -> bool:
    return alias is None or alias == conf.storage
