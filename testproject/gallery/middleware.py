from django.conf import settings


def content_security_policy(get_response):
    """Send the setting GALLERY_POLICY, if there is one, with every page."""

    def middleware(request):
        response = get_response(request)
        if policy := getattr(settings, "GALLERY_POLICY", None):
            response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return middleware
