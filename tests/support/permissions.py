"""Permissions of private storages, as a project would write them."""

from django.http import HttpRequest

from gallery.models import Photo

# The keys that the permission was asked for, in this process.
asked: list[str] = []


def is_owner(request: HttpRequest, original: str) -> bool:
    """Let a user see the photos whose title is the user's name."""
    asked.append(original)
    return Photo.objects.filter(photo=original, title=request.user.get_username() or None).exists()
