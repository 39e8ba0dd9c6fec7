"""The OpenAPI schemas of ``MediaSerializerField`` and of direct uploads, for drf-spectacular."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension, OpenApiViewExtension
from drf_spectacular.plumbing import append_meta
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_URL: Schema = {"type": "string", "format": "uri"}
_VALUE_OR_FILE: Schema = {
    "type": "string",
    "description": "The value of a direct upload that is complete, or a file.",
}
# The statuses of errors, as in ``docs/howto/direct-uploads.rst``.
_ERRORS = {
    400: "The request is not valid.",
    401: "The request has no valid credentials.",
    403: "The user may not upload this, or the token is too old.",
    404: "The upload was aborted, or the storage takes no direct uploads.",
    409: "Some parts are missing.",
    422: "The field refuses the file; the message is that of the form.",
    429: "Too many uploads are in flight, or too many files are examined. Try again.",
    503: "The storage has failed. Try again.",
}


class MediaSerializerFieldExtension(OpenApiSerializerFieldExtension):
    target_class = "django_shift_media.contrib.rest_framework.MediaSerializerField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> Schema:
        if direction == "request":
            return _VALUE_OR_FILE if self.target.direct else {"type": "string", "format": "binary"}
        properties = {"url": _URL, **_size()}
        if self.target.has_alt:
            properties["alt"] = _TEXT
        if self.target.resizes:
            properties["resizes"] = _object(dict.fromkeys(self.target.resizes, _URL))
        if self.target.picture:
            properties["picture"] = _picture()
        if self.target.video:
            properties["video"] = _video()
        return _object(properties)


def _video() -> Schema:
    source = _object({"url": _URL, "type": _TEXT, "media": _nullable(_TEXT), **_size()})
    return _object(
        {
            "poster": _nullable(_URL),
            "is_poster_ready": {"type": "boolean"},
            **_size(),
            "duration": _nullable({"type": "number", "description": "seconds"}),
            "state": _nullable(
                {"type": "string", "enum": ["queued", "working", "ready", "failed"]}
            ),
            "percent": {"type": "integer"},
            "sources": _list(source),
            "state_url": _nullable(_URL),
        }
    )


def _picture() -> Schema:
    variant = _object({"url": _URL, "descriptor": _TEXT, **_size()})
    source = _object(
        {
            "url": _URL,
            "srcset": _list(variant),
            **_size(),
            "type": _TEXT,
            "sizes": _nullable(_TEXT),
            "media": _nullable(_TEXT),
        }
    )
    return _object({"sources": _list(source), "img": source})


def _size() -> Schema:
    side = _nullable({"type": "integer", "description": "pixels"})
    return {"width": side, "height": side}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _nullable(schema: Schema) -> Schema:
    """Allow null, in the syntax of the OpenAPI version that the project uses."""
    nullable: Schema = append_meta(schema, {"nullable": True})
    return nullable


class UploadViewExtension(OpenApiViewExtension):
    target_class = "django_shift_media.contrib.rest_uploads.UploadView"
    match_subclasses = True

    def view_replacement(self) -> Any:
        from django_shift_media.contrib.rest_uploads import UploadError

        view = self.target
        if "post" in vars(view):  # described for an earlier document
            return view
        success = {200: view.response_serializer} if view.response_serializer else {204: None}
        errors = {
            status: OpenApiResponse(UploadError, description)
            for status, description in _ERRORS.items()
        }
        name = view.__name__
        described = extend_schema(
            operation_id=name[0].lower() + name[1:],
            request={"application/json": view.request_serializer},
            responses={**success, **errors},
            tags=["uploads"],
        )
        return extend_schema_view(post=described)(type(name, (view,), {}))
