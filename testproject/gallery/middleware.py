from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.utils.decorators import sync_and_async_middleware


@sync_and_async_middleware
def content_security_policy(get_response):
    """Send the setting GALLERY_POLICY, if there is one, with every page."""

    def with_policy(response):
        if policy := getattr(settings, "GALLERY_POLICY", None):
            response.headers.setdefault("Content-Security-Policy", policy)
        return response

    async def async_middleware(request):
        return with_policy(await get_response(request))

    def middleware(request):
        return with_policy(get_response(request))

    return async_middleware if iscoroutinefunction(get_response) else middleware
