"""
The URLs of the package: ``path("shift-media/", include("django_shift_media.urls"))``.

For a storage other than the default media storage, include them once more, with its alias as the
namespace: ``path("documents/", include("django_shift_media.urls", namespace="private"))``.
"""

from django.urls import include, path
from django.urls.resolvers import RoutePattern

from django_shift_media.asgi import MediaPattern
from django_shift_media.naming.urlconf import APP_NAME
from django_shift_media.views import media

app_name = APP_NAME

urlpatterns = [
    path("uploads/", include("django_shift_media.uploads.urls")),
    path("video/", include("django_shift_media.players.urls")),
    MediaPattern(RoutePattern("<path:key>", name="media", is_endpoint=True), media, name="media"),
]
