from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("media/", include("django_shift_media.urls")),
    path("tour/", include("demo.urls")),
    path("clips/", include("cinema.urls")),
    path("", include("gallery.urls")),
]
