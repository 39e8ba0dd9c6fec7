"""``MediaInput``, a file input with a preview and a focal point; another for several files."""

import json
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.forms.widgets import Script
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from django_shift_media.conf import conf
from django_shift_media.exceptions import InvalidKey, InvalidMetadata
from django_shift_media.media.files import MediaFile
from django_shift_media.media.resized_image import ResizedImage, img_attributes
from django_shift_media.naming.formats import extension_of

_PREVIEW_SIZE = "400x300"
# The name of a preset that replaces that size. With SHIFT_MEDIA_PRESETS_ONLY, there is no preview
# without it.
_PREVIEW_PRESET = "preview"
# In pixels, as in media_input.css.
_MAX_HEIGHT = 300


class MediaInput(forms.ClearableFileInput):
    """
    A file input that previews the stored file, and a chosen file before it is uploaded.

    Rendering needs no I/O. If the attribute ``data-focal-point`` is the name of a field of the
    same form, the user can set that focal point by clicking the preview. Scripts and styles are
    separate files, for a strict content security policy. Without JavaScript, the widget is a file
    input with a preview of the stored file.
    """

    template_name = "django_shift_media/widgets/media_input.html"

    class Media:
        css = {"all": ["django_shift_media/media_input.css"]}
        js = [Script("django_shift_media/media_input.js", type="module")]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["size_samples"] = json.dumps(_size_samples())
        if isinstance(value, MediaFile) and value:
            preview = preview_of(value)
            context["widget"] |= {
                "file_name": _file_name(value),
                "file_type": extension_of(str(value)).upper(),
                "dimensions": _known_values(value, value.width, value.height),
                "bytes": _known_values(value, value.recorded_size),
                "state": state_of(value),
                "preview": preview,
                "preview_attributes": preview and preview_attributes(preview, _MAX_HEIGHT),
            }
        return context


class MultipleMediaInput(forms.FileInput):
    """A file input for several files."""

    allow_multiple_selected = True


def _size_samples() -> list[str]:
    """Return sizes as Django writes them, for the script: in bytes, then 1 KB, 1 MB and so on."""
    plurals = (0, 1, 2, 5, 11, 100)  # each form of the plural that a language may have
    return [filesizeformat(size) for size in (*plurals, *(1024**n for n in range(1, 5)))]


def preview_of(file: MediaFile) -> ResizedImage | None:
    if not (file.field.kind == "image" or (file.field.kind == "video" and _has_poster(file))):
        return None
    stored = _without_focal_point(file)
    try:
        if _PREVIEW_PRESET in conf.presets:
            return stored.resize(_PREVIEW_PRESET)
        return None if conf.presets_only else stored.resize(_PREVIEW_SIZE, format="webp")
    except InvalidKey:  # a file from before the field was a MediaField
        return None


def _has_poster(file: MediaFile) -> bool:
    return file.has_poster if _is_current(file) else False


def state_of(file: MediaFile) -> str:
    """Return a text about a video that is not ready, with the reason if it never will be."""
    state = file.video_state if file.field.kind == "video" and _is_current(file) else None
    if not isinstance(state, dict):
        return ""
    percent = state.get("percent", 0)
    texts = {
        "queued": gettext("Waiting to be prepared"),
        "working": gettext("Being prepared: %(percent)s %%") % {"percent": percent},
        "failed": gettext("Could not be prepared: %(reason)s") % {"reason": state.get("reason")},
    }
    return texts.get(str(state.get("state")), "")


def preview_attributes(preview: ResizedImage, max_height: int) -> SafeString:
    """Return the attributes of an ``<img>`` that is at most so many pixels high."""
    attributes = img_attributes(preview)
    width, height = preview.width, preview.height
    if width and height and height > max_height:
        attributes |= {"width": round(width * max_height / height), "height": max_height}
    return flatatt(attributes)


def _without_focal_point(file: MediaFile) -> MediaFile:
    """Return the stored file: after a validation error, the instance may have an invalid point."""
    stored = MediaFile(file.field.model(), file.field, str(file))
    try:
        size = file.dimensions if _is_current(file) else None
    except InvalidMetadata:
        size = None
    set_dimensions(stored, *(size or (None, None)))
    return stored


def set_dimensions(file: MediaFile, width: int | None, height: int | None) -> None:
    """Set the fields for width and height of a file, if it has them."""
    for name, side in ((file.field.width_field, width), (file.field.height_field, height)):
        if name:
            setattr(file.instance, name, side)


def _known_values(file: MediaFile, *values: int | None) -> tuple[int | None, ...]:
    """Return the values of the stored file's metadata fields, nothing if one is unknown."""
    return values if _is_current(file) and all(values) else ()


def _file_name(file: MediaFile) -> str:
    return file.original_name if _is_current(file) else str(file).rpartition("/")[2]


def _is_current(file: MediaFile) -> bool:
    # After a validation error, the instance has the new file, and metadata of that one.
    return bool(getattr(file.instance, file.field.attname) == file)
