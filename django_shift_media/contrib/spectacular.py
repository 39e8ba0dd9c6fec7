"""The OpenAPI schema of ``MediaSerializerField`` for drf-spectacular."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import append_meta

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_URL: Schema = {"type": "string", "format": "uri"}


class MediaSerializerFieldExtension(OpenApiSerializerFieldExtension):
    target_class = "django_shift_media.contrib.rest_framework.MediaSerializerField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> Schema:
        if direction == "request":
            return {"type": "string", "format": "binary"}
        properties = {"url": _URL, **_size()}
        if self.target.has_alt:
            properties["alt"] = _TEXT
        if self.target.resizes:
            properties["resizes"] = _object(dict.fromkeys(self.target.resizes, _URL))
        if self.target.picture:
            properties["picture"] = _picture()
        return _object(properties)


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
