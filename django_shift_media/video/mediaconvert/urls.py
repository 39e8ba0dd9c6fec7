"""
The URL that Amazon EventBridge calls when a job of MediaConvert has ended::

    path("mediaconvert/", include("django_shift_media.video.mediaconvert.urls"))
"""

from django.urls import path

from django_shift_media.video.mediaconvert.events import job_changed

urlpatterns = [path("", job_changed, name="shift_media_mediaconvert")]
