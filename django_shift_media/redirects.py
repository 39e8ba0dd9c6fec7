"""A view for the URLs that files had before they were moved to a media field."""

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe


@require_safe
def redirect_to_media(
    request: HttpRequest, name: str, *, fields: Mapping[str, str]
) -> HttpResponse:
    """
    Redirect from the name of an old file to the URL of its copy in a media field.

    ``fields`` maps each field with old names, such as "shop.Product.old_image", to the media field
    of the same model, such as "image". A name that no row has is answered with 404.
    """
    if "\0" not in name:  # which databases refuse
        for label, target in fields.items():
            if url := _find_url(label, target, name):
                return HttpResponseRedirect(url)
    raise Http404


def _find_url(label: str, target: str, name: str) -> str | None:
    model_label, _, source = label.rpartition(".")
    model: Any = apps.get_model(model_label)
    rows = model._base_manager.filter(**{source: name})
    rows = rows.exclude(Q(**{target: ""}) | Q(**{target: None}))
    row = rows.only("pk", target).order_by("pk").first()
    return getattr(row, target).url if row else None
