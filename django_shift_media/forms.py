"""The form field of ``MediaField``, and one for several files."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.forms.widgets import Widget
from django.utils.functional import lazy

from django_shift_media.conf import conf
from django_shift_media.media.upload_validation import UPLOAD_ERRORS, Kind, clean_upload
from django_shift_media.naming.formats import INPUT_FORMATS
from django_shift_media.widgets import MediaInput, MultipleMediaInput


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

    widget: type[Widget] = MediaInput

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
            kwargs.setdefault("widget", self._direct_widget())
        super().__init__(**kwargs)
        if direct and hasattr(self.widget, "take_uploads"):
            self.widget.take_uploads(direct, kind, max_bytes)

    @staticmethod
    def _direct_widget() -> type[Widget]:
        from django_shift_media.uploads.widgets import DirectMediaInput

        return DirectMediaInput

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
        if self.kind == "video" and isinstance(widget, forms.FileInput):
            attrs.setdefault("accept", "video/*")
        if self.kind == "captions" and isinstance(widget, forms.FileInput):
            attrs.setdefault("accept", ".vtt,text/vtt")
        if self.kind == "image" and isinstance(widget, forms.FileInput):
            # Read when it is rendered: forms are defined when modules are imported, and an invalid
            # setting is reported by a system check.
            attrs.setdefault("accept", lazy(_accepted_types, str)())
        if isinstance(widget, MediaInput):
            attrs["data-kind"] = self.kind
            if self.focal_point_field:
                attrs["data-focal-point"] = self.focal_point_field
        return attrs


class MultipleMediaFormField(MediaFormField):
    """
    A ``MediaFormField`` for several files; ``cleaned_data`` has a list of them.

    ``direct`` may also be the label of the model field that will store the files, such as
    "gallery.photo.photo".
    """

    widget = MultipleMediaInput

    @staticmethod
    def _direct_widget() -> type[Widget]:
        from django_shift_media.uploads.multiple import MultipleDirectMediaInput

        return MultipleDirectMediaInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        files, errors = [], []
        for one in data or [None]:
            try:
                files.append(super().clean(one))
            except ValidationError as error:
                errors.extend(error.error_list)
        if errors:
            raise ValidationError(errors)
        return [file for file in files if file is not None]

    def bound_data(self, data: Any, initial: Any) -> Any:
        return [one for one in data or () if isinstance(one, str)]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return not self.disabled and bool(data)
