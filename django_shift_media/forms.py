"""The form field of ``MediaField``."""

from typing import Any

from django import forms
from django.core.files.base import File
from django.forms.widgets import Widget
from django.utils.translation import gettext_lazy as _

from django_shift_media.conf import conf
from django_shift_media.exceptions import FileTooLarge, UnacceptableFile
from django_shift_media.formats import SOURCES
from django_shift_media.uploads import Kind, examine

REFUSALS: dict[str, Any] = {
    "invalid_image": _("“%(name)s” cannot be used: %(reason)s"),
    "too_large": _("“%(name)s” is too large: %(reason)s"),
}


def refusal(file: "File[Any]", error: UnacceptableFile) -> tuple[str, dict[str, Any]]:
    """Return which of ``REFUSALS`` it is, and what belongs into that."""
    code = "too_large" if isinstance(error, FileTooLarge) else "invalid_image"
    return code, {"name": file.name, "reason": str(error)}


class MediaFormField(forms.FileField):
    """An upload that is checked by its content; see ``MediaField`` for the arguments."""

    default_error_messages = REFUSALS

    def __init__(
        self, *, kind: Kind = "image", max_bytes: int | None = None, **kwargs: Any
    ) -> None:
        self.kind: Kind = kind
        self.max_bytes = max_bytes
        super().__init__(**kwargs)

    def to_python(self, data: Any) -> "File[Any] | None":
        file: File[Any] | None = super().to_python(data)
        if file is not None:
            try:
                examine(file, kind=self.kind, max_bytes=self.max_bytes)
            except UnacceptableFile as error:
                code, params = refusal(file, error)
                message = self.error_messages[code]
                raise forms.ValidationError(message, code=code, params=params) from error
        return file

    def widget_attrs(self, widget: Widget) -> dict[str, Any]:
        attrs = super().widget_attrs(widget)
        if self.kind == "image" and isinstance(widget, forms.FileInput):
            types = ",".join(SOURCES[format].content_type for format in conf.formats)
            attrs.setdefault("accept", types)
        return attrs
