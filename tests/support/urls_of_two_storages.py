"""The URLs of the default media storage, and of another with the alias "private"."""

from django.urls import include, path

urlpatterns = [
    path("media/", include("django_shift_media.urls")),
    path("documents/", include("django_shift_media.urls", namespace="private")),
]
