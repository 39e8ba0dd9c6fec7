"""The URL path under which the project includes the URLs of this package."""

from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse


def url_prefix() -> str:
    """
    Return the path that every key follows, such as "/media/".

    Raise ``ImproperlyConfigured`` if the project does not include the URLs.
    """
    try:
        return reverse("django_shift_media:media", args=["-"]).removesuffix("-")
    except NoReverseMatch as error:
        raise ImproperlyConfigured(
            "The URLconf does not include django_shift_media.urls."
        ) from error
