"""The URLs of the guides, beside other files of the project."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path, re_path
from django.views.static import serve


def other_files(request: HttpRequest, path: str) -> HttpResponseBase:
    """Serve what static() serves with DEBUG, which is off in tests."""
    return serve(request, path, document_root=settings.MEDIA_ROOT)


urlpatterns = [
    path("shift-media/", include("django_shift_media.urls")),
    re_path("^media/(?P<path>.*)$", other_files),
]
