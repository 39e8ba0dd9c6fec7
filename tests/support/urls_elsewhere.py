"""The urls under another prefix than the gallery's, inside another include()."""

from django.urls import include, path

urlpatterns = [path("user/", include([path("pictures/", include("django_shift_media.urls"))]))]
