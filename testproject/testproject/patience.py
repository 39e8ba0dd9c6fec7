"""For tests on busy machines: the package's own timeouts, far above what such a machine needs."""

from django.apps import AppConfig
from django.conf import settings


class PatienceConfig(AppConfig):
    """Installed by the settings if ``GALLERY_PATIENCE`` is set."""

    name = "testproject"

    def ready(self):
        wait_patiently(
            settings.GALLERY_PATIENCE,
            settings.GALLERY_LOCK_SECONDS,
            s3="s3" in settings.STORAGES.get("media", {}).get("BACKEND", ""),
        )


def wait_patiently(seconds, lock_seconds, *, s3):
    """Set the timeouts of this process, of storages on S3 as well if ``s3``."""
    from django_shift_media import views
    from django_shift_media.diagnostics import http_trace
    from django_shift_media.generation import (
        asynchronous,
        cache_lock,
        failures,
        generate,
        single_flight,
        worker_pool,
    )
    from django_shift_media.storages import object_storage

    for module in (asynchronous, cache_lock, single_flight, worker_pool):
        module.WAIT_SECONDS = seconds
    cache_lock.LOCK_SECONDS = lock_seconds
    http_trace._TIMEOUT = seconds
    # What is remembered for a minute must still be known to the last of many requests.
    generate._REMEMBER_STORED = failures._REMEMBER_MISSING = views._LOOP_SECONDS = seconds
    object_storage.CONNECT_TIMEOUT = object_storage.READ_TIMEOUT = seconds
    if s3:
        from django_shift_media.storages import s3_connection

        s3_connection._CONNECT_TIMEOUT = s3_connection._READ_TIMEOUT = seconds
