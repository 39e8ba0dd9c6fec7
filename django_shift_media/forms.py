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
    of the same form. ``direct`` is a name that no other field has, such as "contact.attachment":
    browsers send the file straight to the storage, and the form gets it from there.
    """

    widget = MediaInput

    default_error_messages = UPLOAD_ERRORS

    def __init__(
        self,
        *,
        kind: Kind = "image",
        max_bytes: int | None = None,
        focal_point_field: str | None = None,
        direct: str = "",
        **kwargs: Any,
    ) -> None:
        self.direct = direct
        self.kind: Kind = kind
        self.max_bytes = max_bytes
        self.focal_point_field = focal_point_field
        if direct:
            from django_shift_media.uploads.widgets import DirectMediaInput

            kwargs.setdefault("widget", DirectMediaInput)
        super().__init__(**kwargs)
        widget: object = self.widget  # a class, for the stubs
        if direct and isinstance(widget, DirectMediaInput):
            widget.take_uploads(direct, kind, max_bytes)

    def to_python(self, data: Any) -> "File[Any] | None":
        if self.direct and isinstance(data, str):
            from django_shift_media.uploads.accepted import file_for
            from django_shift_media.uploads.owners import current_owner

            data = file_for(data, self.direct, current_owner())
        file: File[Any] | None = super().to_python(data)
        if file is not None:
            clean_upload(
                file, kind=self.kind, max_bytes=self.max_bytes, messages=self.error_messages
            )
        return file

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Show an upload again if the form has errors elsewhere; browsers forget chosen files."""
        return data if self.direct and isinstance(data, str) else initial

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
