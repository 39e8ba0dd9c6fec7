"""
The view that generates missing resizes.

Errors become HTTP statuses here, and only here; see ``docs/reference/http-responses.rst``.
"""

import hashlib

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import (
    ImproperlyConfigured,
    PermissionDenied,
    SuspiciousFileOperation,
)
from django.core.signing import BadSignature
from django.db import transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe
from django.views.static import serve

from django_shift_media.conf import conf
from django_shift_media.delivery import (
    file_headers,
    hand_over,
    is_logged_in,
    logged_failure,
    require_access,
    send_file,
)
from django_shift_media.exceptions import (
    Busy,
    InvalidKey,
    InvalidResize,
    NotReady,
    StorageUnavailable,
    UnacceptableFile,
)
from django_shift_media.generation.cache_lock import cache_store
from django_shift_media.generation.generate import StoredResize, find_or_generate, read_bytes
from django_shift_media.naming import keys
from django_shift_media.naming.formats import content_type, served_content_type
from django_shift_media.naming.original_names import content_disposition
from django_shift_media.naming.urlconf import storage_alias
from django_shift_media.responses import SECURITY_HEADERS, shareable, unshared
from django_shift_media.storages.access import PrivateAccess
from django_shift_media.storages.base import MediaStorage, cache_control
from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.storages.selection import media_storage

# Values of Retry-After, in seconds.
_RETRY_BUSY = 2
_RETRY_STORAGE = 10
_RETRY_WORKER = 10
_RETRY_CONFIGURATION = 60
# Request headers that identify a client well enough for ``_is_redirect_loop()``.
_CLIENT_HEADERS = ("REMOTE_ADDR", "HTTP_X_FORWARDED_FOR", "HTTP_USER_AGENT")
# Seconds for which the URL of a resize that is too large for a response is valid.
_PRESIGNED_SECONDS = 60
# A client that comes back within so many seconds is in a redirect loop.
_LOOP_SECONDS = 60


# With ATOMIC_REQUESTS, a database connection would be held while an image is generated.
@transaction.non_atomic_requests
@require_safe
@login_not_required
def media(request: HttpRequest, key: str) -> HttpResponseBase:
    """Find or generate a resize, then redirect to the bucket or return the bytes."""
    storage = media_storage(storage_alias(request.resolver_match))
    response = _respond(request, storage, key)
    return shareable(response) if storage.access is None else unshared(response)


def _respond(request: HttpRequest, storage: MediaStorage, key: str) -> HttpResponseBase:
    try:
        if storage.access:
            return _private_response(request, storage, storage.access, key)
        if keys.is_made(key):
            return _rendition_response(request, storage, key)
        return _response_for(request, storage, find_or_generate(storage, key))
    except PermissionDenied as error:
        if is_logged_in(request):
            return _error_response(403, str(error))
        return _error_response(404, "Not found.")  # as for what does not exist
    except (BadSignature, InvalidKey, InvalidResize):
        return _serve_local_file(request, storage, key) or _error_response(404, "Not found.")
    except FileNotFoundError:
        return _error_response(404, "The original is gone.", cache="public, max-age=60")
    except UnacceptableFile as error:
        return _error_response(422, str(error))
    except NotReady as error:
        return _not_ready(storage, error.key)
    except (Busy, MemoryError):
        return _error_response(503, "Too busy, try again.", retry_after=_RETRY_BUSY)
    except StorageUnavailable:
        return storage_unavailable()
    except ImproperlyConfigured:  # such as a codec that is not installed
        reason = "The app is not configured for this image; see its log."
        return _error_response(503, reason, retry_after=_RETRY_CONFIGURATION)


def storage_unavailable() -> HttpResponse:
    """Return a 503 response for a storage that fails or does not answer in time."""
    return _error_response(
        503, "The storage is unavailable, try again.", retry_after=_RETRY_STORAGE
    )


def _response_for(
    request: HttpRequest, storage: MediaStorage, stored: StoredResize
) -> HttpResponseBase:
    response: HttpResponseBase
    if storage.mode == "website" and not _is_redirect_loop(request, stored):
        response = _to_bucket(storage, stored.key)
    else:
        response = _send_bytes(request, storage, stored, cache_control())
    _add_timings(response, stored)
    return response


def _to_bucket(storage: MediaStorage, key: str) -> HttpResponseBase:
    return HttpResponsePermanentRedirect(
        storage.public_url(key), headers={"Cache-Control": "no-store"}
    )


def _rendition_response(request: HttpRequest, storage: MediaStorage, key: str) -> HttpResponseBase:
    """Answer for a rendition or poster of a public video, which a worker makes if it is missing."""
    from django_shift_media.video.requests import require_stored

    require_stored(storage, key)
    if storage.mode == "website" and not _is_redirect_loop(request, StoredResize(key, None)):
        return _to_bucket(storage, key)
    response = send_file(storage, key, request.headers.get("Range", ""))
    response.headers.setdefault("Cache-Control", cache_control())
    return response


def _not_ready(storage: MediaStorage, key: str) -> HttpResponse:
    """Enqueue what a worker has to make of a video."""
    from django_shift_media.video.requests import enqueue_missing

    enqueue_missing(storage, key)
    return _error_response(503, "Being made, try again.", retry_after=_RETRY_WORKER)


def _add_timings(response: HttpResponseBase, stored: StoredResize) -> None:
    if stored.timings is not None:
        # Shown by the developer tools of browsers: https://www.w3.org/TR/server-timing/
        metrics = (f"{part};dur={spent:.1f}" for part, spent in stored.timings.items())
        response["Server-Timing"] = ", ".join(metrics)


def _private_response(
    request: HttpRequest, storage: MediaStorage, access: PrivateAccess, key: str
) -> HttpResponseBase:
    """Give a file to a user who may see it: by S3 or nginx if possible."""
    cache = f"private, max-age={require_access(request, storage, access, key)}"
    method = str(request.method)
    response: HttpResponseBase
    if keys.is_made(key):
        from django_shift_media.video.requests import require_stored

        require_stored(storage, key)
    if keys.is_made(key) or keys.is_original(key):
        wanted = request.headers.get("Range", "")
        response = (
            _signed_playlist(storage, key)
            or hand_over(storage, key, method)
            or send_file(storage, key, wanted)
        )
    else:
        stored = find_or_generate(storage, key)
        response = hand_over(storage, key, method) or _send_bytes(request, storage, stored, cache)
        _add_timings(response, stored)
    response.headers.setdefault("Cache-Control", cache)
    return response


def _signed_playlist(storage: MediaStorage, key: str) -> HttpResponse | None:
    """
    Return a playlist of a private video, whose names get the queries that this view requires.

    None for other files, and if a CDN knows by its cookies who may see them.
    """
    is_playlist = keys.is_in_ladder(key) and key.endswith(keys.PLAYLIST_EXTENSION)
    if not (is_playlist and storage.access_query(key)):
        return None
    from django_shift_media.video.hls import signed_playlist

    with logged_failure(key):
        return HttpResponse(signed_playlist(storage, key), headers=file_headers(key))


def _send_bytes(
    request: HttpRequest, storage: MediaStorage, stored: StoredResize, cache: str
) -> HttpResponseBase:
    data = read_bytes(storage, stored)
    if url := _url_of_large_resize(storage, stored, len(data)):
        return HttpResponseRedirect(url, headers={"Cache-Control": "no-store"})
    return _serve_bytes(request, stored.key, data, cache)


def _url_of_large_resize(storage: MediaStorage, stored: StoredResize, size: int) -> str | None:
    """Return where the bucket serves a resize that is too large for the app's response."""
    if conf.max_response_bytes is None or size <= conf.max_response_bytes:
        return None
    if storage.mode == "failover" and stored.timings is not None:
        return storage.public_url(stored.key)  # the CDN now finds it in the bucket
    # The CDN asked the app for a resize that was stored: to send it there again could be a loop.
    return storage.presigned_url(stored.key, _PRESIGNED_SECONDS)


def _is_redirect_loop(request: HttpRequest, stored: StoredResize) -> bool:
    """
    Return whether this client was redirected to the bucket a moment ago, and has come back.

    That happens if a cache on the way still has the bucket's redirect to this view, although the
    resize is in the bucket by now. If processes do not share the marks, it may take a few more
    redirects until the loop ends.
    """
    client = [request.META.get(name, "") for name in _CLIENT_HEADERS]
    mark = hashlib.sha256("\n".join([stored.key, *client]).encode()).hexdigest()
    is_new = cache_store.mark(f"django_shift_media:redirected:{mark}", _LOOP_SECONDS)
    return not is_new and stored.timings is None


def _serve_bytes(request: HttpRequest, key: str, data: bytes, cache: str) -> HttpResponseBase:
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    response = HttpResponse(
        data,
        content_type=content_type(key),
        headers={**SECURITY_HEADERS, "Cache-Control": cache, "ETag": etag},
    )
    return get_conditional_response(request, etag, response=response) or response


def _serve_local_file(
    request: HttpRequest, storage: MediaStorage, key: str
) -> HttpResponseBase | None:
    """In development, serve a public file on local disk as a web server does in production."""
    is_private = storage.access or key.startswith(".")  # parts of uploads that nobody has examined
    if is_private or not (settings.DEBUG and isinstance(storage, LocalMediaStorage)):
        return None
    wanted = request.headers.get("Range", "")  # which serve() ignores, so that players cannot seek
    response: HttpResponseBase
    try:
        if wanted:
            response = send_file(storage, key, wanted)
        else:
            response = serve(request, key, document_root=str(storage.location))
    except (Http404, SuspiciousFileOperation, OSError, ValueError):
        return None  # missing, outside MEDIA_ROOT, or not a valid file name
    response["Content-Type"] = served_content_type(key)
    response["Content-Disposition"] = content_disposition(key)
    response["Accept-Ranges"] = "bytes"
    del response["Content-Encoding"]  # of "a.pdf.gz", which browsers would unpack
    for name, value in SECURITY_HEADERS.items():
        response[name] = value
    return response


def _error_response(
    status: int, reason: str, *, cache: str = "no-store", retry_after: int | None = None
) -> HttpResponse:
    headers = {**SECURITY_HEADERS, "Cache-Control": cache}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return HttpResponse(
        f"{reason}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers
    )
