"""The view that makes what is missing. Errors become statuses here, and only here."""

import hashlib

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousFileOperation
from django.core.signing import BadSignature
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe
from django.views.static import serve

from django_shift_media.exceptions import (
    Busy,
    InvalidKey,
    InvalidResize,
    StorageUnavailable,
    UnacceptableFile,
)
from django_shift_media.generation.cache_lock import cache_store
from django_shift_media.generation.generate import Media, find_or_generate, read
from django_shift_media.naming.formats import content_disposition, content_type
from django_shift_media.storages.base import CACHE_CONTROL, MediaStorage
from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.storages.selection import media_storage

_RETRY_BUSY = 2  # seconds
_RETRY_STORAGE = 10  # seconds
# What tells clients apart well enough: those it mixes up get bytes instead of a redirect.
_CLIENT = ("REMOTE_ADDR", "HTTP_X_FORWARDED_FOR", "HTTP_USER_AGENT")
# A client that comes back within so many seconds goes in a circle.
_REDIRECTED = 60
# Whatever it is, it is shown and never run.
_SAFELY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}


# With ATOMIC_REQUESTS, a connection to the database would be held while a picture is made.
@transaction.non_atomic_requests
@require_safe
@login_not_required
def media(request: HttpRequest, key: str) -> HttpResponseBase:
    """Answer for a resize: find it or make it, then redirect to the bucket or give the bytes."""
    storage = media_storage()
    try:
        found = find_or_generate(storage, key)
        return _timed(_answer(request, storage, found), found)
    except (BadSignature, InvalidKey, InvalidResize):
        return _local_file(request, storage, key) or _refuse(404, "Not found.")
    except FileNotFoundError:
        return _refuse(404, "The original is gone.", cache="public, max-age=60")
    except UnacceptableFile as error:
        return _refuse(422, str(error))
    except (Busy, MemoryError):
        return _refuse(503, "Too busy, try again.", retry_after=_RETRY_BUSY)
    except StorageUnavailable:
        return storage_unavailable()


def storage_unavailable() -> HttpResponse:
    return _refuse(503, "The storage does not answer, try again.", retry_after=_RETRY_STORAGE)


def _answer(request: HttpRequest, storage: MediaStorage, found: Media) -> HttpResponseBase:
    if storage.mode == "website" and not _is_redirect_loop(request, found):
        return HttpResponsePermanentRedirect(
            storage.public_url(found.key), headers={"Cache-Control": "no-store"}
        )
    return _serve_bytes(request, found.key, read(storage, found))


def _timed(response: HttpResponseBase, found: Media) -> HttpResponseBase:
    """Tell browsers' developer tools what took so long: https://www.w3.org/TR/server-timing/."""
    if found.made is not None:
        parts = (f"{part};dur={spent:.1f}" for part, spent in found.made.items())
        response["Server-AnimationTiming"] = ", ".join(parts)
    return response


def _is_redirect_loop(request: HttpRequest, found: Media) -> bool:
    """
    Say whether this client was sent to the bucket a moment ago, and was sent back from there.

    That happens where something in between has kept the bucket's redirect to here, for a
    resize that the bucket has by now. The mark is in Django's cache; one that is private to a
    process delays the answer by a few turns.
    """
    client = [request.META.get(name, "") for name in _CLIENT]
    mark = hashlib.sha256("\n".join([found.key, *client]).encode()).hexdigest()
    is_new = cache_store.add(f"django_shift_media:sent:{mark}", True, _REDIRECTED)
    return not is_new and found.made is None


def _serve_bytes(request: HttpRequest, key: str, data: bytes) -> HttpResponseBase:
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    response = HttpResponse(
        data,
        content_type=content_type(key),
        headers={**_SAFELY, "Cache-Control": CACHE_CONTROL, "ETag": etag},
    )
    return get_conditional_response(request, etag, response=response) or response


def _local_file(request: HttpRequest, storage: MediaStorage, key: str) -> HttpResponseBase | None:
    """In development, stand in for the web server that serves the files on local disk."""
    if not (settings.DEBUG and isinstance(storage, LocalMediaStorage)):
        return None
    try:
        response = serve(request, key, document_root=str(storage.location))
    except (Http404, SuspiciousFileOperation, OSError, ValueError):
        return None  # not there, not under the root, or no name that a disk could know
    disposition = content_disposition(key)
    # A page of this origin could run what is said to be a script, whatever the policy says of it.
    is_shown = disposition == "inline"
    response["Content-Type"] = content_type(key) if is_shown else "application/octet-stream"
    response["Content-Disposition"] = disposition
    for name, value in _SAFELY.items():
        response[name] = value
    return response


def _refuse(
    status: int, reason: str, *, cache: str = "no-store", retry_after: int | None = None
) -> HttpResponse:
    headers = {**_SAFELY, "Cache-Control": cache}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return HttpResponse(
        f"{reason}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers
    )
