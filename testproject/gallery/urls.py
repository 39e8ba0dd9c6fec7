from django.urls import path

from gallery.views import GalleryView, PhotoView

urlpatterns = [
    path("", GalleryView.as_view(), name="gallery"),
    path("photos/<int:pk>/", PhotoView.as_view(), name="photo"),
]
