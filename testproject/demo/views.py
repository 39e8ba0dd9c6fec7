from django.http import JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST
from django.views.generic import TemplateView

from demo import delivery
from demo.uploads import SIDEWAYS
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo


class TourView(TemplateView):
    """What the package does, shown with the photos of the gallery."""

    template_name = "demo/tour.html"

    def get_context_data(self, **kwargs):
        photos = list(Photo.objects.order_by("pk"))
        stills = [photo for photo in photos if not photo.photo.name.endswith(".gif")]
        if not stills:
            return super().get_context_data(**kwargs)
        focal = next((photo for photo in stills[1:] if photo.focal_point), stills[0])
        private = next((photo for photo in stills if photo not in (stills[0], focal)), stills[0])
        return super().get_context_data(
            hero=stills[0],
            focal=focal,
            # The same file in a row without a focal point: crops keep its center.
            centered=Photo(photo=focal.photo.name, width=focal.width, height=focal.height),
            animation=next((photo for photo in photos if photo not in stills), None),
            private=private,
            original=media_storage().public_url(private.photo.name),
            sideways=next((photo for photo in stills if photo.title == SIDEWAYS), None),
            **kwargs,
        )


@require_POST
def measure(request):
    url = request.POST.get("url", "")
    delivery.measure(url, request)
    figures = delivery.figures(url)
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse(figures)
    return render(request, "demo/delivery.html", figures)
