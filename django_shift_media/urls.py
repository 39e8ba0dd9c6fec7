"""The URLs of the package: ``path("shift-media/", include("django_shift_media.urls"))``."""

from django.urls import include, path

from django_shift_media.views import media

app_name = "django_shift_media"

urlpatterns = [
    path("uploads/", include("django_shift_media.uploads.urls")),
    path("<path:key>", media, name="media"),
]
