"""
A serializer field for Django REST framework: takes an upload, gives URLs.

If drf-spectacular is installed, its OpenAPI schemas describe both directions.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from rest_framework import serializers

from django_shift_media import fields
from django_shift_media.media.files import MediaFile
from django_shift_media.media.upload_validation import UPLOAD_ERRORS, Kind, clean_upload
from django_shift_media.naming.picture import Picture


class MediaSerializerField(serializers.FileField):
    """
    An upload, checked by its content; it is read as an object.

    ``resizes``
        Presets, as in ``["avatar", "card"]``, or presets and sizes by names of your own, as in
        ``{"small": "200x200"}``: their URLs are an object under "resizes".
    ``picture``
        The name of a preset, whose ``Picture`` is an object under "picture".
    ``kind``, ``max_bytes``
        As those of ``MediaField``; on a ``ModelSerializer`` they are those of the model's field.

    "url" is always there, and so are "width" and "height", null where they are not known. What is
    no image has neither "resizes" nor "picture". An empty file is null. URLs are absolute where the
    serializer knows the request.
    """

    default_error_messages = UPLOAD_ERRORS

    def __init__(
        self,
        *,
        resizes: Iterable[str] | Mapping[str, str] = (),
        picture: str | None = None,
        kind: Kind = "image",
        max_bytes: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.resizes = dict(resizes) if isinstance(resizes, Mapping) else {n: n for n in resizes}
        self.picture = picture
        self.kind: Kind = kind
        self.max_bytes = max_bytes
        super().__init__(**kwargs)

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        model = getattr(getattr(parent, "Meta", None), "model", None)
        names = {field.name: field for field in model._meta.fields} if model else {}
        if isinstance(field := names.get(self.source), fields.MediaField):
            self.kind, self.max_bytes = field.kind, field.max_bytes

    def to_internal_value(self, data: Any) -> "File[Any]":
        file: File[Any] = super().to_internal_value(data)
        try:
            clean_upload(
                file, kind=self.kind, max_bytes=self.max_bytes, messages=self.error_messages
            )
        except ValidationError as error:
            raise serializers.ValidationError(error.messages, code=error.code) from error
        return file

    def to_representation(self, value: MediaFile) -> dict[str, Any] | None:
        if not value:
            return None
        absolute = self._absolute()
        document: dict[str, Any] = {
            "url": absolute(value.url),
            "width": value.width,
            "height": value.height,
        }
        if self.resizes and value.is_image:
            document["resizes"] = {
                name: absolute(value.resize(size)) for name, size in self.resizes.items()
            }
        if self.picture and value.is_image:
            document["picture"] = _picture(value.picture(self.picture), absolute)
        return document

    def _absolute(self) -> Callable[[str], str]:
        request = self.context.get("request")
        return request.build_absolute_uri if request else str


def _picture(picture: Picture, absolute: Callable[[str], str]) -> dict[str, Any]:
    document = asdict(picture)
    for source in (*document["sources"], document["img"]):
        for one in (source, *source["srcset"]):
            one["url"] = absolute(one["url"])
    return document


if find_spec("drf_spectacular"):
    import django_shift_media.contrib.spectacular  # noqa: F401  # importing it is enough
