"""``DirectMediaInput``, a ``MediaInput`` whose file goes straight to the storage."""

from typing import Any

from django.conf import settings
from django.core.signing import BadSignature
from django.forms.widgets import FILE_INPUT_CONTRADICTION, Script
from django.http.request import HttpHeaders
from django.urls import NoReverseMatch, reverse
from django.utils.crypto import salted_hmac
from django.utils.safestring import SafeString

from django_shift_media.media.files import MediaFile
from django_shift_media.media.upload_validation import Kind
from django_shift_media.uploads.accepted import parse_value
from django_shift_media.uploads.model_fields import model_field, storage_for
from django_shift_media.uploads.owners import current_owner
from django_shift_media.uploads.tokens import AcceptedUpload, UploadField
from django_shift_media.widgets import (
    MediaInput,
    preview_attributes,
    preview_of,
    set_dimensions,
)

# Of the name of the hidden input.
SUFFIX = "-upload"
# In pixels, as in direct_upload.css.
_MAX_HEIGHT = 150
# In the order in which browsers run them. They import nothing, see requests.js.
_MODULES = (
    *("requests", "waiting", "resuming", "transfer"),
    *("texts", "files", "forms", "widgets", "widget"),
)


class DirectMediaInput(MediaInput):
    """
    A file input that sends the file to the storage, and its signed name with the form.

    Rendering needs no request to the storage. Without JavaScript, or where nobody knows who uploads
    (see ``middleware.direct_uploads``), it is a ``MediaInput``.
    """

    template_name = "django_shift_media/widgets/direct_media_input.html"
    label = ""

    class Media:
        css = {"all": ["django_shift_media/direct_upload.css"]}
        js = [
            Script(f"django_shift_media/direct_upload/{name}.js", type="module")
            for name in _MODULES
        ]

    def take_uploads(self, label: str, kind: Kind, max_bytes: int | None) -> None:
        """Set the field that the uploads are for."""
        self.label, self.kind, self.max_bytes = label, kind, max_bytes

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        accepted = self._accepted(value)
        stored = None if isinstance(value, str) else value
        context = super().get_context(name, stored, attrs)
        context["widget"]["upload"] = {
            "name": name + SUFFIX,
            "token": self._token(),
            "memory": _memory_key(self.label),
            "url": _endpoint_url(),
            "csrf_header": _csrf_header(),
            "value": value if accepted else "",
            "accepted": accepted,
            "preview": accepted and self._preview(accepted),
        }
        if accepted:
            context["widget"]["attrs"].pop("required", None)
        return context

    def _token(self) -> str:
        owner = current_owner()
        if not (owner and self.label and storage_for(self.label).multipart):
            return ""
        return UploadField(
            label=self.label, kind=self.kind, max_bytes=self.max_bytes, owner=owner
        ).sign()

    def _accepted(self, value: Any) -> AcceptedUpload | None:
        """Return the upload that a form with errors shows again."""
        if not isinstance(value, str):
            return None
        try:
            return parse_value(value, self.label, current_owner())
        except BadSignature:
            return None

    def _preview(self, accepted: AcceptedUpload) -> SafeString | None:
        """Return the attributes of the preview."""
        field = model_field(self.label)
        if field is None or not accepted.format:
            return None
        instance = field.model(**{field.attname: accepted.key})
        file: MediaFile = getattr(instance, field.attname)
        set_dimensions(file, accepted.width, accepted.height)
        preview = preview_of(file)
        return None if preview is None else preview_attributes(preview, _MAX_HEIGHT)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        upload = data.get(name + SUFFIX) or None
        if value is False and upload:
            return FILE_INPUT_CONTRADICTION  # as for a file that the form sends
        return upload if value is None else value

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return super().value_omitted_from_data(data, files, name) and name + SUFFIX not in data


def _memory_key(label: str) -> str:
    """Name a field and an owner, so that nobody sees the uploads of others who use the browser."""
    salt = "django_shift_media.uploads.memory"
    digest = salted_hmac(salt, f"{label} {current_owner()}", algorithm="sha256").hexdigest()
    return digest[:32]


def _csrf_header() -> str:
    """Return the name of the header that ``CSRF_HEADER_NAME`` stands for: "X-CSRFToken"."""
    return HttpHeaders.parse_header_name(settings.CSRF_HEADER_NAME) or "X-CSRFToken"


def _endpoint_url() -> str:
    try:
        return reverse("django_shift_media:upload")
    except NoReverseMatch:  # reported by a system check
        return ""
