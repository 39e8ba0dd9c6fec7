"""The URL of players, included by ``django_shift_media.urls``; see ``media.players``."""

from django.urls import path

from django_shift_media.players import views

urlpatterns = [path("", views.state, name="video-state")]
