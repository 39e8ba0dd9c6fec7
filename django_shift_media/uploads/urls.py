"""The URLs of uploads, included by ``django_shift_media.urls``."""

from django.urls import path

from django_shift_media.uploads import views

urlpatterns = [
    path("token/", views.token, name="upload-token"),
    path("", views.begin, name="upload"),
    path("parts/", views.parts, name="upload-parts"),
    path("status/", views.status, name="upload-status"),
    path("complete/", views.complete, name="upload-complete"),
    path("abort/", views.abort, name="upload-abort"),
    path("part/", views.part, name="upload-part"),
]
