"""
Direct uploads for Django REST framework: the endpoints, with its authentication and throttling.

Include them in the URLs of an API:
``path("api/uploads/", include("django_shift_media.contrib.rest_uploads"))``. The classes of the
settings ``DEFAULT_AUTHENTICATION_CLASSES``, ``DEFAULT_PERMISSION_CLASSES`` and
``DEFAULT_THROTTLE_CLASSES`` apply. With session authentication, requests need a CSRF token; with
tokens of another kind, they do not. If drf-spectacular is installed, its OpenAPI schemas describe
the endpoints.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, ClassVar

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpResponse
from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from django_shift_media.uploads import views


def _document(name: str, /, **fields: serializers.Field) -> type[serializers.Serializer]:
    """Return a serializer that describes a JSON object."""
    return type(f"MediaUpload{name}Serializer", (serializers.Serializer,), fields)


def _upload_text() -> serializers.CharField:
    return serializers.CharField(help_text='The "upload" with which the upload began.')


UploadError = _document(
    "Error",
    code=serializers.CharField(help_text="What is wrong, for programs."),
    error=serializers.CharField(help_text="What is wrong, for people."),
)


# Those of REST framework that have another name here.
_CODES = {"parse_error": "invalid", "permission_denied": "forbidden", "throttled": "busy"}


class _Unparsed(BaseParser):
    """The endpoints parse requests by themselves."""

    media_type = "*/*"

    def parse(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {}


class UploadView(APIView):
    """One step of an upload, taken by the endpoint that forms use."""

    parser_classes = (_Unparsed,)
    step: ClassVar[Callable[..., HttpResponse]]
    request_serializer: ClassVar[Any]
    response_serializer: ClassVar[Any] = None

    def post(self, request: Request) -> HttpResponse:
        # It reads the body by itself, and Django's request has the user by now.
        return type(self).step(request._request)

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return _error_response


def _error_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return errors of authentication and throttling in the form of all others."""
    if isinstance(error, RequestDataTooBig):
        error = ParseError("The request is too large.")
    response: Response | None = exception_handler(error, context)
    if response is not None and isinstance(error, APIException):
        response.data = {
            "code": _CODES.get(error.default_code, error.default_code),
            "error": str(error.detail),
        }
    return response


class IssueToken(UploadView):
    """Get a token for a field, which begins uploads of the user to it."""

    step = staticmethod(views.token)
    request_serializer = _document(
        "Field",
        field=serializers.CharField(help_text='A model field, such as "gallery.photo.photo".'),
    )
    response_serializer = _document("Token", token=serializers.CharField())


class BeginUpload(UploadView):
    """Begin an upload. A file that the field would refuse is refused now, if this is known."""

    step = staticmethod(views.begin)
    request_serializer = _document(
        "Begin",
        token=serializers.CharField(),
        name=serializers.CharField(allow_blank=True),
        size=serializers.IntegerField(help_text="The size of the file in bytes.", min_value=0),
        type=serializers.CharField(
            help_text="The content type, if it is known.", required=False, allow_blank=True
        ),
    )
    response_serializer = _document(
        "Begun",
        upload=serializers.CharField(help_text="The upload, for all other requests."),
        part_size=serializers.IntegerField(help_text="The bytes of each part but the last."),
    )


class SignParts(UploadView):
    """Get the URLs to which to send parts, by PUT; each is valid for 15 minutes and one length."""

    step = staticmethod(views.parts)
    request_serializer = _document(
        "PartNumbers",
        upload=_upload_text(),
        numbers=serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=100),
    )
    response_serializer = _document(
        "PartUrls",
        urls=serializers.DictField(
            child=serializers.CharField(), help_text="By number; may be relative to this URL."
        ),
    )


class ShowStatus(UploadView):
    """Get the parts that have arrived, to resume an upload."""

    step = staticmethod(views.status)
    request_serializer = _document("Status", upload=_upload_text())
    response_serializer = _document(
        "Parts",
        parts=serializers.DictField(
            child=serializers.IntegerField(), help_text="Sizes in bytes, by number."
        ),
        part_size=serializers.IntegerField(),
    )


class CompleteUpload(UploadView):
    """Put the parts together and examine the file. May be repeated if the response was lost."""

    step = staticmethod(views.complete)
    request_serializer = _document("Complete", upload=_upload_text())
    response_serializer = _document(
        "Accepted",
        value=serializers.CharField(help_text="What to send as the field, instead of a file."),
        name=serializers.CharField(),
        size=serializers.IntegerField(),
        width=serializers.IntegerField(allow_null=True, help_text="In pixels, of an image."),
        height=serializers.IntegerField(allow_null=True, help_text="In pixels, of an image."),
    )


class AbortUpload(UploadView):
    """Give an upload up: delete the parts that have arrived."""

    step = staticmethod(views.abort)
    request_serializer = _document("Abort", upload=_upload_text())


app_name = "shift_media_rest_uploads"

urlpatterns = [
    path(route, transaction.non_atomic_requests(view.as_view()), name=name)
    for route, view, name in (
        ("", BeginUpload, "begin"),
        ("token/", IssueToken, "token"),
        ("parts/", SignParts, "parts"),
        ("status/", ShowStatus, "status"),
        ("complete/", CompleteUpload, "complete"),
        ("abort/", AbortUpload, "abort"),
    )
]

if find_spec("drf_spectacular"):
    import django_shift_media.contrib.spectacular  # noqa: F401  # registers the extensions
