"""The URLs of the storage with the alias "private" only."""

from django.urls import include, path

urlpatterns = [path("documents/", include("django_shift_media.urls", namespace="private"))]
