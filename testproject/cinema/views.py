from django.views.generic import DetailView

from cinema.models import Clip


class ClipView(DetailView):
    model = Clip
    template_name = "cinema/clip.html"
