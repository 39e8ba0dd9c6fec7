"""The URLs of the default media storage, which handle those of "private", too."""

from django.urls import include, path

urlpatterns = [
    path("media/", include("django_shift_media.urls")),
    path("media/documents/", include("django_shift_media.urls", namespace="private")),
]
