from django.urls import include, path

urlpatterns = [
    path("metrics", include("django_shift_media.contrib.prometheus.urls")),
    path("", include("testproject.urls")),
]
