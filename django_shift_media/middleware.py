"""503 responses for views that fail because the storage does, and the owner of direct uploads."""

import logging
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.uploads import owners
from django_shift_media.views import storage_unavailable

logger = logging.getLogger("django_shift_media")


class StorageUnavailableMiddleware(MiddlewareMixin):
    """Answers 503 with ``Retry-After`` if a view raises ``StorageUnavailable``."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, StorageUnavailable):
            return None
        logger.error("Storage unavailable for %s %s: %s", request.method, request.path, error)
        return storage_unavailable()


@sync_and_async_middleware
def direct_uploads(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """
    Bind what ``MediaField(direct=True)`` uploads to the user of the request.

    Forms do not know the request. Put this after ``AuthenticationMiddleware``.
    """
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            async with owners.during_async(request):
                response: HttpResponseBase = await get_response(request)
                return response

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        with owners.during(request):
            response: HttpResponseBase = get_response(request)
            return response

    return answer
