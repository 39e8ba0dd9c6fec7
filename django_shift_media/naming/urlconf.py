"""Where the project has mounted the urls of this package."""

from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse


def mount_path() -> str:
    """Return the path under which keys are asked for, as in "/media/"."""
    try:
        return reverse("django_shift_media:media", args=["-"]).removesuffix("-")
    except NoReverseMatch as error:
        raise ImproperlyConfigured("The urls of django_shift_media are not mounted.") from error
