"""The URLs of a site that takes events of MediaConvert."""

from django.urls import include, path

from testproject.urls import urlpatterns as urls_of_project

urlpatterns = [
    path("mediaconvert/", include("django_shift_media.video.mediaconvert.urls")),
    *urls_of_project,
]
