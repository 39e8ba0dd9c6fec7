"""
Forms for a photo and for a file of any kind.

The admin would save them in transactions, of which SQLite ends one if two have begun to read.
"""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import CreateView

from gallery.models import Attachment, Photo

urlpatterns = [
    path("admin/", admin.site.urls),
    path("media/", include("django_shift_media.urls")),
    path("photo/", CreateView.as_view(model=Photo, fields=["photo"], success_url="/")),
    path("file/", CreateView.as_view(model=Attachment, fields=["file"], success_url="/")),
]
