"""Private media storages, and the users who may see what is in them."""

from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.test import Client

from django_shift_media.storages.selection import media_storage
from gallery.models import Photo

IS_OWNER = "tests.support.permissions.is_owner"


def private_folder(settings: Any, folder: Path, **options: Any) -> Any:
    """Make a folder of this machine the media storage, private."""
    settings.STORAGES = {
        **settings.STORAGES,
        "media": {
            "BACKEND": "django_shift_media.storages.local.LocalMediaStorage",
            "OPTIONS": {"location": str(folder), "access": "private", **options},
        },
    }
    settings.SHIFT_MEDIA_STORAGE = "media"
    return media_storage()


def photo_of(owner: str, data: bytes) -> Any:
    """Store a photo that ``is_owner()`` lets this user see."""
    return Photo.objects.create(title=owner, photo=ContentFile(data, name="small.jpg")).photo


def logged_in(name: str, **attributes: Any) -> Client:
    client = Client()
    client.force_login(User.objects.create_user(name, **attributes))
    return client
