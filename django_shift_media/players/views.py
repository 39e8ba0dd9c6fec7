"""The endpoint that scripts ask for the state of a video: JSON, read from one row."""

from dataclasses import asdict
from typing import Any

from django.apps import apps
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from django_shift_media.exceptions import InvalidResize
from django_shift_media.media.bad_rows import BAD_ROW_ERRORS, report
from django_shift_media.media.files import MediaFile
from django_shift_media.media.player_tokens import PlayerToken
from django_shift_media.naming.urlconf import storage_alias
from django_shift_media.storages.selection import is_same_place


@require_safe
@login_not_required
def state(request: HttpRequest) -> JsonResponse:
    """
    Answer with the ``Player`` that a page shows.

    Only URLs that a page has rendered are answered, and of a private storage only to people who may
    see the file. The reason of a failure is left out: it is for those who run the site.
    """
    try:
        token = PlayerToken.unsign(request.GET.get("token", ""))
        return _respond(200, _document(request, token))
    except (BadSignature, LookupError, InvalidResize, *BAD_ROW_ERRORS) as error:
        if isinstance(error, BAD_ROW_ERRORS):
            report(error)
        return _respond(404, {"error": "gone"})
    except PermissionDenied:
        return _respond(403, {"error": "forbidden"})


def _document(request: HttpRequest, token: PlayerToken) -> dict[str, Any]:
    file = _file(token)
    if not is_same_place(file.field.storage_alias, storage_alias(request.resolver_match)):
        raise LookupError(token.label)
    access = file.storage.access
    if access and not access.permits(request, str(file.name)):
        raise PermissionDenied
    document = asdict(file.video(token.presets, poster=token.poster))
    if not document.pop("is_poster_ready"):
        document["poster"] = None
    del document["state_url"]
    return document


def _file(token: PlayerToken) -> MediaFile:
    """Return the file of a row; raise ``LookupError`` if the row is gone, or has another file."""
    model, _, name = token.label.rpartition(".")
    row = apps.get_model(model)._default_manager.filter(pk=token.pk).first()
    file: MediaFile | None = row and getattr(row, name)
    if not file or file.name != token.name:
        raise LookupError(token.name)
    return file


def _respond(status: int, document: dict[str, Any]) -> JsonResponse:
    return JsonResponse(document, status=status, headers={"Cache-Control": "no-store"})
