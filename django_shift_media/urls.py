"""The URLs of the package: ``path("shift-media/", include("django_shift_media.urls"))``."""

from django.urls.resolvers import RoutePattern

from django_shift_media.asgi import MediaPattern
from django_shift_media.views import media

app_name = "django_shift_media"

urlpatterns = [
    MediaPattern(RoutePattern("<path:key>", name="media", is_endpoint=True), media, name="media")
]
