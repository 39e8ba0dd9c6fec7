from django.apps import AppConfig
from django.conf import settings


class GalleryConfig(AppConfig):
    name = "gallery"

    def ready(self):
        if settings.PATIENCE:
            wait_patiently(settings.PATIENCE, settings.LOCK_SECONDS)


def wait_patiently(seconds, lock_seconds):
    """Change how long requests wait, for all but storages, which have options for it."""
    from django_shift_media import once, places
    from django_shift_media.doctor import hops

    once.WAIT_SECONDS = places.WAIT_SECONDS = hops._TIMEOUT = seconds
    once.LOCK_SECONDS = lock_seconds
