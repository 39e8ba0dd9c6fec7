from django.apps import AppConfig
from django.conf import settings


class GalleryConfig(AppConfig):
    name = "gallery"

    def ready(self):
        if seconds := settings.GALLERY_PATIENCE:
            on_s3 = "media" in settings.STORAGES
            wait_patiently(seconds, settings.GALLERY_LOCK_SECONDS, s3=on_s3)


def wait_patiently(seconds, lock_seconds, *, s3):
    """Change how long everything waits in this process, for storages on S3, too."""
    from django_shift_media import derive, once, places, views
    from django_shift_media.doctor import hops

    once.WAIT_SECONDS = places.WAIT_SECONDS = hops._TIMEOUT = seconds
    once.LOCK_SECONDS = lock_seconds
    # What is remembered for a minute has to be there for the last of many requests.
    derive._REMEMBER_MADE = derive._REMEMBER_MISSING = views._REDIRECTED = seconds
    if s3:
        from django_shift_media import s3 as storages

        storages._CONNECT_TIMEOUT = storages._READ_TIMEOUT = seconds
