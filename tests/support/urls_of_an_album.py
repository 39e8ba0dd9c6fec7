"""The URLs of the project, and a form with a field for several files."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import path
from django.views.generic import FormView

from django_shift_media.forms import MultipleMediaFormField
from gallery.models import Photo
from testproject.urls import urlpatterns as project

PAGE = Template("""<!DOCTYPE html>
<html lang="en"><head><title>Album</title>{{ form.media }}</head><body>
<form method="post" enctype="multipart/form-data">
<input type="hidden" name="csrfmiddlewaretoken" value="{{ token }}">
{{ form.as_div }}<button>Save</button></form></body></html>""")


class AlbumForm(forms.Form):
    title = forms.CharField(min_length=3, initial="Cats")
    photos = MultipleMediaFormField(direct="gallery.photo.photo")


class DirectlessForm(AlbumForm):
    photos = MultipleMediaFormField()


class AlbumView(FormView):  # type: ignore[type-arg]
    form_class = AlbumForm
    success_url = "/album/saved/"

    def form_valid(self, form: Any) -> HttpResponse:
        for file in form.cleaned_data["photos"]:
            Photo.objects.create(title=form.cleaned_data["title"], photo=file)
        return super().form_valid(form)

    def render_to_response(self, context: dict[str, Any], **_: Any) -> HttpResponse:
        token = context["view"].token
        return HttpResponse(PAGE.render(Context({"form": context["form"], "token": token})))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        from django.middleware.csrf import get_token

        self.token = get_token(request)
        return super().dispatch(request, *args, **kwargs)


urlpatterns = [
    path("album/saved/", lambda request: HttpResponse("Saved.")),
    path("album/", AlbumView.as_view()),
    path("plain-album/", AlbumView.as_view(form_class=DirectlessForm)),
    *project,
]
