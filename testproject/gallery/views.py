from django.urls import reverse_lazy
from django.views.generic import CreateView, DetailView

from gallery.forms import PhotoForm
from gallery.models import Photo


class GalleryView(CreateView):
    """All photos, and a form for one more."""

    form_class = PhotoForm
    template_name = "gallery/gallery.html"
    success_url = reverse_lazy("gallery")

    def get_context_data(self, **kwargs):
        return super().get_context_data(photos=Photo.objects.all(), **kwargs)


class PhotoView(DetailView):
    model = Photo
    template_name = "gallery/photo.html"
