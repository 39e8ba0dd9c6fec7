"""Private media: who may see them, and how they are given."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.core.signing import SignatureExpired
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.naming import access_tokens, keys, renditions, signing
from django_shift_media.naming.formats import served_content_type
from django_shift_media.naming.original_names import content_disposition
from django_shift_media.responses import SECURITY_HEADERS
from django_shift_media.storages.access import PrivateAccess
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.ranged_file import RangedFile

logger = logging.getLogger("django_shift_media")

# The header by which the CDN of a private bucket shows that it has verified a visitor's cookies.
CDN_HEADER = "X-Shift-Media-Cdn"


def require_access(
    request: HttpRequest, storage: MediaStorage, access: PrivateAccess, key: str
) -> int:
    """
    Return the seconds for which a browser may keep a private file.

    Nothing is read from the storage. Raise ``InvalidKey``, ``InvalidResize`` or ``BadSignature``
    for a URL that no page has, and ``PermissionDenied`` for one that has expired, or if the user
    may not see the file now.
    """
    original = _original_of(key)
    if storage.is_cdn_secret(request.headers.get(CDN_HEADER, "")):
        return access.url_seconds
    try:
        seconds = access_tokens.verify(key, request.GET.get(access_tokens.PARAMETER, ""))
    except SignatureExpired as error:
        raise PermissionDenied("This URL has expired. Reload the page.") from error
    try:
        is_permitted = access.permits(request, original)
    except ImproperlyConfigured as error:
        logger.error("Cannot ask who may see %s: %s", key, error, extra={"key": key})
        raise
    if not is_permitted:
        raise PermissionDenied("You are not allowed to see this file.")
    return seconds


def _original_of(key: str) -> str:
    if keys.is_original(key):
        return key
    return renditions.unsign(key)[0] if keys.is_made(key) else signing.unsign(key)[0]


def is_logged_in(request: HttpRequest) -> bool:
    user: Any = getattr(request, "user", None)
    return bool(user and user.is_authenticated)


@contextmanager
def logged_failure(key: str) -> Iterator[None]:
    """Log that the storage of a private file is unavailable, and raise it again."""
    try:
        yield
    except StorageUnavailable as error:
        logger.error("Cannot send %s: %s", key, error, extra={"key": key})
        raise


def hand_over(storage: MediaStorage, key: str, method: str) -> HttpResponse | None:
    """Return a response that has S3 or nginx send a file; None if the app has to."""
    with logged_failure(key):
        headers = storage.handover(key, method)
    if "Location" in headers:
        return HttpResponse(status=302, headers=headers)
    if headers:
        return HttpResponse(headers={**headers, **file_headers(key)})
    return None


def send_file(storage: MediaStorage, key: str, wanted: str = "") -> HttpResponseBase:
    """
    Send an original or a rendition, without holding all of it in memory.

    ``wanted`` is the request's header ``Range``; players of videos send one, to seek. Raise
    ``FileNotFoundError``.
    """
    with logged_failure(key), storage.wrap_errors("open", key):
        range = _parse_range(wanted, storage.size(key)) if wanted else None
        response = _part(storage, key, *range) if range else FileResponse(storage.open(key))
    response["Accept-Ranges"] = "bytes"
    # Afterwards, because it guesses a content type, which browsers could execute.
    for name, value in file_headers(key).items():
        response[name] = value
    return response


def _part(storage: MediaStorage, key: str, start: int, end: int, size: int) -> FileResponse:
    response = FileResponse(RangedFile(storage, key, start, end), status=206)
    response["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response["Content-Length"] = str(end - start)
    return response


def _parse_range(text: str, size: int) -> tuple[int, int, int] | None:
    """
    Return the start and the end of the only range in a header, and the size; None to send all.

    The server may ignore any range: RFC 9110, section 14.2.
    """
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", text)
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last) + 1, size) if first and last else size
    return (start, end, size) if start < end else None


def file_headers(key: str) -> dict[str, str]:
    return {
        "Content-Type": served_content_type(key),
        "Content-Disposition": content_disposition(key),
        **SECURITY_HEADERS,
    }
