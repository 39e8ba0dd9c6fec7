"""
The endpoints of uploads: JSON in, JSON out.

A browser begins an upload, asks for the URLs of its parts, sends them there, and completes it.
Errors become HTTP statuses here, and only here; see ``docs/howto/direct-uploads.rst``.
"""

import json
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.core.signing import BadSignature, SignatureExpired
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from django_shift_media.exceptions import Busy, StorageUnavailable
from django_shift_media.storages.multipart import Part, part_size_for
from django_shift_media.uploads import receiving
from django_shift_media.uploads.accepted import UPLOAD_EXPIRED
from django_shift_media.uploads.hooks import may_upload
from django_shift_media.uploads.issuing import issue
from django_shift_media.uploads.model_fields import storage_for
from django_shift_media.uploads.receiving import IncompleteUpload
from django_shift_media.uploads.tokens import AppPart, Upload, UploadField

# Seconds for which the URL of a part is valid: a slow phone needs minutes for one part.
_URL_SECONDS = 15 * 60
# URLs in a response.
_MAX_URLS = 100
_CHUNK = 64 * 1024
_RETRY_AFTER = 2
_TEMPORARY = frozenset({429, 503})

logger = logging.getLogger("django_shift_media")

View = Callable[..., HttpResponse]


def _endpoint(view: View) -> View:
    """Turn exceptions into statuses; a view of its own decides who may upload."""

    @transaction.non_atomic_requests
    @login_not_required
    @wraps(view)
    def endpoint(request: HttpRequest) -> HttpResponse:
        response = _respond(view, request)
        response.headers["Cache-Control"] = "no-store"
        return response

    return endpoint


def _respond(view: View, request: HttpRequest) -> HttpResponse:
    try:
        return view(request)
    except ValidationError as error:
        return _error(422, "refused", " ".join(error.messages))
    except SignatureExpired:
        return _error(403, "expired", str(UPLOAD_EXPIRED))
    except (BadSignature, PermissionDenied):
        return _error(403, "forbidden", "You may not upload this.")
    except FileNotFoundError:
        return _error(404, "gone", str(UPLOAD_EXPIRED))
    except IncompleteUpload:
        return _error(409, "incomplete", "Some parts are missing.")
    # RecursionError: a JSON document of many levels.
    except (KeyError, TypeError, ValueError, RecursionError, RequestDataTooBig):
        return _error(400, "invalid", "The request is not valid.")
    except (Busy, MemoryError):
        return _error(429, "busy", "Too busy, try again.")
    except StorageUnavailable as error:
        logger.error("Storage unavailable for %s: %s", request.path, error)
        return _error(503, "unavailable", "The storage is unavailable, try again.")


def _error(status: int, code: str, message: str) -> HttpResponse:
    headers = {"Retry-After": str(_RETRY_AFTER)} if status in _TEMPORARY else {}
    return JsonResponse({"code": code, "error": message}, status=status, headers=headers)


@require_POST
@_endpoint
def token(request: HttpRequest) -> HttpResponse:
    """Take "field", such as "gallery.photo.photo"; return its "token", for pages without forms."""
    return JsonResponse({"token": issue(request, _text(_values(request)["field"])).sign()})


@require_POST
@_endpoint
def begin(request: HttpRequest) -> HttpResponse:
    """Take "token", "name", "size" and "type"; return "upload" and "part_size"."""
    values = _values(request)
    field = UploadField.unsign(_text(values["token"]))
    _require_permission(request, field)
    size = values["size"]
    if type(size) is not int or size < 0:
        raise ValueError("The size is not a number of bytes.")
    upload = receiving.begin(field, _text(values["name"]), size, _text(values.get("type", "")))
    return JsonResponse({"upload": upload.sign(), "part_size": part_size_for(size)})


@require_POST
@_endpoint
def parts(request: HttpRequest) -> HttpResponse:
    """Take "upload" and "numbers"; return "urls" by number."""
    values, upload = _upload(request)
    numbers = values["numbers"]
    if len(numbers) > _MAX_URLS:
        raise ValueError(f"{_MAX_URLS} numbers are the maximum.")
    requested = receiving.requested_parts(upload, numbers)
    return JsonResponse({"urls": {part.number: _part_url(upload, part) for part in requested}})


@require_POST
@_endpoint
def status(request: HttpRequest) -> HttpResponse:
    """Take "upload"; return its "part_size", and the sizes of the "parts" that have arrived."""
    _, upload = _upload(request)
    present = {part.number: part.size for part in receiving.present_parts(upload)}
    return JsonResponse({"parts": present, "part_size": part_size_for(upload.size)})


@require_POST
@_endpoint
def complete(request: HttpRequest) -> HttpResponse:
    """Take "upload"; return the form field's "value", and what is known of the file."""
    _, upload = _upload(request)
    accepted = receiving.complete(upload)
    facts = {name: getattr(accepted, name) for name in ("name", "size", "width", "height")}
    return JsonResponse({"value": accepted.sign(), **facts})


@require_POST
@_endpoint
def abort(request: HttpRequest) -> HttpResponse:
    """Take "upload"; delete what has arrived."""
    _, upload = _upload(request)
    receiving.abort(upload)
    return HttpResponse(status=204)


# The signed URL is the authorization, as with a presigned URL of S3.
@csrf_exempt
@require_http_methods(["PUT"])
@_endpoint
def part(request: HttpRequest) -> HttpResponse:
    """Take the bytes of one part, for a storage to which browsers cannot send them."""
    signed = AppPart.unsign(request.GET["part"], max_age=_URL_SECONDS)
    if request.META.get("CONTENT_LENGTH") != str(signed.size):
        raise PermissionDenied
    multipart = storage_for(signed.label).multipart
    if multipart is None:
        raise FileNotFoundError(signed.id)
    chunks = iter(lambda: request.read(_CHUNK), b"")
    multipart.put_part(signed.id, Part(signed.number, signed.size), chunks)
    # S3 gives one to each part, and Uppy waits for it.
    return HttpResponse(status=200, headers={"ETag": f'"{signed.number}"'})


def _part_url(upload: Upload, part: Part) -> str:
    multipart = receiving.multipart_of(upload.field)
    if url := multipart.part_url(upload.key, upload.id, part, _URL_SECONDS):
        return url
    signed = AppPart(
        label=upload.field.label, id=upload.id, number=part.number, size=part.size
    ).sign()
    return reverse("django_shift_media:upload-part", query={"part": signed})


def _upload(request: HttpRequest) -> tuple[dict[str, Any], Upload]:
    values = _values(request)
    upload = Upload.unsign(_text(values["upload"]))
    _require_permission(request, upload.field)
    return values, upload


def _require_permission(request: HttpRequest, field: UploadField) -> None:
    if not may_upload(request, field):
        raise PermissionDenied


def _values(request: HttpRequest) -> dict[str, Any]:
    # Any other type may have been read already, by Django's protection against CSRF.
    if request.content_type != "application/json":
        raise ValueError(f"The type of the request is {request.content_type!r}.")
    values = json.loads(request.body)
    if not isinstance(values, dict):
        raise TypeError("Not a JSON object.")
    return values


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string.")
    return value
