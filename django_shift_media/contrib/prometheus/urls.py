"""The URL of the metrics; see ``docs/howto/monitoring.rst`` for who may see them."""

from django.urls import path

from django_shift_media.contrib.prometheus.views import metrics

app_name = "shift_media_prometheus"
urlpatterns = [path("", metrics, name="metrics")]
