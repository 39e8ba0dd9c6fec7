"""``MediaInput``, the form widget: what is stored, what was chosen, and where its focus lies."""

from typing import Any

from django import forms
from django.forms.widgets import Script

from django_shift_media.conf import conf
from django_shift_media.exceptions import InvalidKey
from django_shift_media.media.files import MediaFile
from django_shift_media.naming.formats import extension_of

_SIZE = "400x300"
# A preset of this name is taken instead, and is the only one where nothing but presets is made.
_PRESET = "preview"


class MediaInput(forms.ClearableFileInput):
    """
    A file input that shows a resize of what is stored, and of what was chosen before it is sent.

    To render it is no I/O. With the attribute ``data-focal-point``, the name of a field of the
    same form, the point that crops keep in view is set on the picture. Scripts and styles are
    files, none is inline; without scripts, it is a file input with a preview.
    """

    template_name = "django_shift_media/widgets/media_input.html"

    class Media:
        css = {"all": ["django_shift_media/media_input.css"]}
        js = [Script("django_shift_media/media_input.js", type="module")]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        if isinstance(value, MediaFile) and value:
            context["widget"] |= {
                "file_name": str(value).rpartition("/")[2],
                "file_type": extension_of(str(value)).upper(),
                "dimensions": _kept(value, value.width, value.height),
                "bytes": _kept(value, value.recorded_size),
                "preview": _preview(value),
            }
        return context


def _preview(file: MediaFile) -> str | None:
    if file.field.kind != "image":
        return None
    # The instance of a form that was refused has another focal point already, maybe a wrong one.
    stored = MediaFile(file.field.model(), file.field, str(file))
    try:
        if _PRESET in conf.presets:
            return stored.resize(_PRESET)
        return None if conf.presets_only else stored.resize(_SIZE, format="webp")
    except InvalidKey:  # from before the field was a MediaField
        return None


def _kept(file: MediaFile, *facts: int | None) -> tuple[int | None, ...]:
    # A form that was refused has another file on its instance already, and facts about that one.
    is_its_own = getattr(file.instance, file.field.attname) == file
    return facts if is_its_own and all(facts) else ()
