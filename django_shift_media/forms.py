"""The form field of ``MediaField``, and the validation of uploads in forms."""

from typing import Any

from django import forms
from django.core.files.base import File
from django.forms.widgets import Widget
from django.utils.functional import lazy

from django_shift_media.conf import conf
from django_shift_media.media.upload_validation import UPLOAD_ERRORS, Kind, clean_upload
from django_shift_media.naming.formats import INPUT_FORMATS
from django_shift_media.widgets import MediaInput


def _accepted_types() -> str:
    """Return the value of the attribute ``accept``."""
    return ",".join(INPUT_FORMATS[format].content_type for format in conf.formats)


class MediaFormField(forms.FileField):
    """
    A file field that validates uploads by their content.

    The arguments are those of ``MediaField``. ``focal_point_field`` is the name of another field
    of the same form.
    """

    widget = MediaInput

    default_error_messages = UPLOAD_ERRORS

    def __init__(
        self,
        *,
        kind: Kind = "image",
        max_bytes: int | None = None,
        focal_point_field: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.kind: Kind = kind
        self.max_bytes = max_bytes
        self.focal_point_field = focal_point_field
        super().__init__(**kwargs)

    def to_python(self, data: Any) -> "File[Any] | None":
        file: File[Any] | None = super().to_python(data)
        if file is not None:
            clean_upload(
                file, kind=self.kind, max_bytes=self.max_bytes, messages=self.error_messages
            )
        return file

    def widget_attrs(self, widget: Widget) -> dict[str, Any]:
        attrs = super().widget_attrs(widget)
        if self.kind == "image" and isinstance(widget, forms.FileInput):
            # Read when it is rendered: forms are defined when modules are imported, and an invalid
            # setting is reported by a system check.
            attrs.setdefault("accept", lazy(_accepted_types, str)())
        if isinstance(widget, MediaInput):
            attrs["data-kind"] = self.kind
            if self.focal_point_field:
                attrs["data-focal-point"] = self.focal_point_field
        return attrs
