"""Uploads while the storage fails: an answer that says so, instead of a server error."""

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.views import storage_unavailable


class StorageUnavailableMiddleware(MiddlewareMixin):
    """Answers 503 with ``Retry-After`` for a view that a failing media storage has interrupted."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, StorageUnavailable):
            return storage_unavailable(f"{request.method} {request.path}", error)
        return None
