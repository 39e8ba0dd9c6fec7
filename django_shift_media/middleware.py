"""A 503 response for views that fail because the media storage does, such as uploads."""

import logging

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.views import storage_unavailable

logger = logging.getLogger("django_shift_media")


class StorageUnavailableMiddleware(MiddlewareMixin):
    """Answers 503 with ``Retry-After`` if a view raises ``StorageUnavailable``."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, StorageUnavailable):
            return None
        logger.error("Storage unavailable for %s %s: %s", request.method, request.path, error)
        return storage_unavailable()
