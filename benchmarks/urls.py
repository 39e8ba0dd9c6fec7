"""URLs of the page measurement, and of Wagtail's image views."""

from importlib.util import find_spec

from django.urls import include, path, re_path

urlpatterns = [path("media/", include("django_shift_media.urls"))]

if find_spec("wagtail"):
    from wagtail.images.views.serve import ServeView

    urlpatterns += [
        re_path(
            rf"^{action}/([^/]*)/(\d*)/([^/]*)/[^/]*$",
            ServeView.as_view(action=action),
            name=f"wagtailimages_{action}",
        )
        for action in ("serve", "redirect")
    ]
