"""Uploads while the storage fails: an answer that says so, instead of a server error."""

import logging

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.views import storage_unavailable

logger = logging.getLogger("django_shift_media")


class StorageUnavailableMiddleware(MiddlewareMixin):
    """Answers 503 with ``Retry-After`` for a view that a failing media storage has interrupted."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, StorageUnavailable):
            return None
        logger.error("No storage for %s %s: %s", request.method, request.path, error)
        return storage_unavailable()
