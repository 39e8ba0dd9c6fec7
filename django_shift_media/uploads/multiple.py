"""``MultipleDirectMediaInput``, a file input whose files go straight to the storage."""

from typing import Any

from django.forms.widgets import Media

from django_shift_media.media.upload_validation import Kind
from django_shift_media.uploads.widgets import SUFFIX, DirectMediaInput
from django_shift_media.widgets import MultipleMediaInput


class MultipleDirectMediaInput(MultipleMediaInput):
    """
    A file input for several files; each gets a row, which is a ``DirectMediaInput``.

    Its value is a list of files, and of signed names of uploads. Without JavaScript, or where
    nobody knows who uploads, it is a ``MultipleMediaInput``.
    """

    template_name = "django_shift_media/widgets/multiple_direct_media_input.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.row = DirectMediaInput()

    @property
    def media(self) -> Media:
        return self.row.media

    def take_uploads(self, label: str, kind: Kind, max_bytes: int | None) -> None:
        """Set the field that the uploads are for."""
        self.row.take_uploads(label, kind, max_bytes)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        widget = context["widget"]
        rows = [self._row(widget, text) for text in (None, *(value or ()))]
        kept = [row for row in rows if row["upload"]["accepted"]]
        if rows[0]["upload"]["token"]:
            widget |= {"row": rows[0], "kept": kept}
        if kept:
            widget["attrs"].pop("required", None)
        return context

    def _row(self, widget: dict[str, Any], value: str | None) -> dict[str, Any]:
        attrs = {
            key: widget["attrs"][key] for key in ("accept", "disabled") if key in widget["attrs"]
        }
        # Not the id: the label is for the input of all files.
        attrs |= {"data-kind": self.row.kind, "aria-label": widget["name"], "tabindex": "-1"}
        row: dict[str, Any] = self.row.get_context(widget["name"], value, attrs)["widget"]
        return row

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Any]:
        chosen = super().value_from_datadict(data, files, name) or []
        texts = data.getlist(name + SUFFIX) if hasattr(data, "getlist") else []
        return [*chosen, *dict.fromkeys(filter(None, texts))]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return super().value_omitted_from_data(data, files, name) and name + SUFFIX not in data
