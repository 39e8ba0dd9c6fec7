"""The URL path under which the project includes the URLs of this package."""

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, get_script_prefix, reverse

from django_shift_media.conf import cached_until_settings_change


def url_prefix(urlconf: str | None = None) -> str:
    """
    Return the path that every key follows, such as "/shift-media/".

    Raise ``ImproperlyConfigured`` if the project does not include the URLs.
    """
    try:
        return reverse("django_shift_media:media", urlconf, args=["-"]).removesuffix("-")
    except NoReverseMatch as error:
        raise ImproperlyConfigured(
            "The URLconf does not include django_shift_media.urls."
        ) from error


def app_url() -> str:
    """
    Return the base URL of keys that the app serves, with a final slash.

    This is ``MEDIA_URL`` if it has a host, as with a CDN in front of the app, otherwise
    ``url_prefix()``.
    """
    return _app_url(get_script_prefix())


@cached_until_settings_change
@lru_cache
def _app_url(script_prefix: str) -> str:
    # Cached, because pages render many URLs. reverse() adds the script prefix.
    media_url = str(settings.MEDIA_URL)
    return media_url if "//" in media_url else _mount_url(script_prefix)


def mount_url() -> str:
    """Return ``url_prefix()``, also if ``MEDIA_URL`` has a host."""
    return _mount_url(get_script_prefix())


@cached_until_settings_change
@lru_cache
def _mount_url(script_prefix: str) -> str:
    try:
        return url_prefix(settings.ROOT_URLCONF)
    except ImproperlyConfigured:  # reported by a system check
        return str(settings.MEDIA_URL)
