"""
A serializer field for Django REST framework: uploads in requests, URLs in responses.

If drf-spectacular is installed, its OpenAPI schemas describe both.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from rest_framework import serializers

from django_shift_media import fields
from django_shift_media.media.bad_rows import BAD_ROW_ERRORS, report
from django_shift_media.media.examined_file import ExaminedFile
from django_shift_media.media.files import MediaFile
from django_shift_media.media.upload_validation import UPLOAD_ERRORS, Kind, clean_upload
from django_shift_media.naming.picture import Picture, PictureSource

if TYPE_CHECKING:
    from django_shift_media.media.players import Player

# URLs to which ``build_absolute_uri()`` adds nothing, and what it changes in a path.
_ABSOLUTE = re.compile("https?://[!-~]+")
_CHANGED = re.compile(r"^//|/\.|[^!-~]")


class MediaSerializerField(serializers.FileField):
    """
    Validate an upload by its content, and represent a file as an object of URLs.

    ``resizes``
        A list of presets, such as ``["avatar", "card"]``, or a mapping of names to presets and
        sizes, such as ``{"small": "200x200"}``. The object has their URLs in "resizes".
    ``picture``
        The name of a preset. The object has its ``Picture`` in "picture".
    ``video``
        True, or a list of names in ``SHIFT_MEDIA_VIDEO_PRESETS``, such as "web,small": the object
        of a video has its sources, state and duration in "video", as ``MediaFile.video()`` returns
        them. ``poster`` is the size of the poster, "960x" by default.
    ``kind``, ``max_bytes``
        As for ``MediaField``. In a ``ModelSerializer``, the values of the model field are used.
    ``direct``
        A name that no other field has, such as "contact.attachment": requests may have the value of
        a direct upload instead of a file. In a ``ModelSerializer``, a model field with ``direct``
        does so by itself. See ``contrib.rest_uploads``.

    The object always has "url", "width" and "height"; the latter are null if they are not known.
    A file that is not an image has neither "resizes" nor "picture". An empty file is null,
    and so is that of a row with invalid values; see ``SHIFT_MEDIA_STRICT``. URLs are absolute if
    the serializer context has the request.
    """

    default_error_messages = UPLOAD_ERRORS

    def __init__(
        self,
        *,
        resizes: Iterable[str] | Mapping[str, str] = (),
        picture: str | None = None,
        video: bool | str = False,
        poster: str | None = "960x",
        kind: Kind = "image",
        max_bytes: int | None = None,
        direct: str = "",
        **kwargs: Any,
    ) -> None:
        self.resizes = (
            dict(resizes) if isinstance(resizes, Mapping) else {size: size for size in resizes}
        )
        self.picture = picture
        self.video = video
        self.poster = poster
        self.has_alt = False
        self.kind: Kind = kind
        self.max_bytes = max_bytes
        self.direct = direct
        super().__init__(**kwargs)

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        model = getattr(getattr(parent, "Meta", None), "model", None)
        model_fields = {field.name: field for field in model._meta.fields} if model else {}
        if isinstance(field := model_fields.get(self.source), fields.MediaField):
            self.kind, self.max_bytes = field.kind, field.max_bytes
            self.has_alt = bool(field.alt_field)
            if field.direct:
                self.direct = field.upload_label

    def to_internal_value(self, data: Any) -> "File[Any]":
        try:
            if self.direct and isinstance(data, str):
                data = self._uploaded(data)
            file: File[Any] = super().to_internal_value(data)
            clean_upload(
                file, kind=self.kind, max_bytes=self.max_bytes, messages=self.error_messages
            )
        except ValidationError as error:
            # An error that has several messages has no code of its own.
            code = getattr(error, "code", None)
            raise serializers.ValidationError(error.messages, code=code) from error
        return file

    def _uploaded(self, value: str) -> ExaminedFile:
        from django_shift_media.uploads.accepted import file_for
        from django_shift_media.uploads.owners import current_owner, owner_of

        request = self.context.get("request")
        return file_for(value, self.direct, owner_of(request) if request else current_owner())

    def get_attribute(self, instance: Any) -> Any:
        try:
            return super().get_attribute(instance)
        except AttributeError as error:
            # With source="profile.photo", of a row whose profile is None.
            if getattr(error.__context__, "obj", instance) is not None:
                raise
            report(error)
            return None

    def to_representation(self, value: MediaFile) -> dict[str, Any] | None:
        if not value:
            return None
        try:
            return self._document(value)
        except BAD_ROW_ERRORS as error:
            report(error)
            return None

    def _document(self, value: MediaFile) -> dict[str, Any]:
        value.check_row()
        absolute_url = self._absolute_url()
        document: dict[str, Any] = {
            "url": absolute_url(value.url),
            "width": value.width,
            "height": value.height,
        }
        if self.has_alt:
            document["alt"] = value.alt
        if self.resizes and value.is_image:
            document["resizes"] = {
                name: absolute_url(value.resize(size)) for name, size in self.resizes.items()
            }
        if self.picture and value.is_image:
            document["picture"] = _picture(value.picture(self.picture), absolute_url)
        if self.video:
            presets = None if self.video is True else self.video
            document["video"] = _video(value.video(presets, poster=self.poster), absolute_url)
        return document

    def _absolute_url(self) -> Callable[[str], str]:
        request = self.context.get("request")
        if not request:
            return str
        # build_absolute_uri() takes longer than signing a URL, and a picture has many.
        host = request.build_absolute_uri("/")[:-1]

        def absolute_url(url: str) -> str:
            if _ABSOLUTE.fullmatch(url):
                return str(url)
            if url.startswith("/") and not _CHANGED.search(url):
                return f"{host}{url}"
            absolute: str = request.build_absolute_uri(url)
            return absolute

        return absolute_url


def _video(player: "Player", absolute_url: Callable[[str], str]) -> dict[str, Any]:
    document = asdict(player)
    document["sources"] = [
        {**source, "url": absolute_url(source["url"])} for source in document["sources"]
    ]
    for name in ("poster", "state_url"):
        document[name] = document[name] and absolute_url(document[name])
    return document


def _picture(picture: Picture, absolute_url: Callable[[str], str]) -> dict[str, Any]:
    """Return the document that ``dataclasses.asdict()`` makes, sooner, with absolute URLs."""
    return {
        "sources": tuple(_source(source, absolute_url) for source in picture.sources),
        "img": _source(picture.img, absolute_url),
    }


def _source(source: PictureSource, absolute_url: Callable[[str], str]) -> dict[str, Any]:
    urls = {variant.url: absolute_url(variant.url) for variant in source.srcset}
    srcset = tuple(
        {
            "url": urls[variant.url],
            "descriptor": variant.descriptor,
            "width": variant.width,
            "height": variant.height,
        }
        for variant in source.srcset
    )
    return {
        "url": urls[source.url],  # that of a candidate
        "srcset": srcset,
        "width": source.width,
        "height": source.height,
        "type": source.type,
        "sizes": source.sizes,
        "media": source.media,
    }


if find_spec("drf_spectacular"):
    import django_shift_media.contrib.spectacular  # noqa: F401  # registers the extension
