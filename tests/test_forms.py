"""``MediaFormField`` in a plain form, and the widget of ``MediaField`` in the admin."""

from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminFileWidget
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from django.utils.html import strip_tags

from django_shift_media.admin import thumbnail
from django_shift_media.forms import MediaFormField
from django_shift_media.naming.resizes import InvalidResize
from django_shift_media.widgets import MediaInput
from gallery.drawings import draw_photo
from gallery.forms import PhotoForm
from gallery.models import Attachment, Photo
from tests.support.buckets import new_bucket, operations

JPEG = draw_photo(40, 30)


class AvatarForm(forms.Form):
    avatar = MediaFormField(max_bytes=20_000, focal_point_field="focus")
    focus = forms.CharField(required=False)
    letter = MediaFormField(kind="any", max_bytes=100, required=False)


def avatar_form(avatar: bytes | None = JPEG, letter: bytes | None = None) -> AvatarForm:
    given = {"avatar": avatar, "letter": letter}
    files = {
        name: SimpleUploadedFile(f"{name}.jpg", data)
        for name, data in given.items()
        if data is not None
    }
    return AvatarForm({}, files)


def test_a_plain_form_accepts_a_valid_file() -> None:
    form = avatar_form(letter=b"Dear Sir")
    assert form.is_valid(), form.errors
    assert form.cleaned_data["avatar"].read() == JPEG, "at its beginning"


@pytest.mark.parametrize(
    ("files", "field", "code", "message"),
    [
        ({"avatar": None}, "avatar", "required", "Dieses Feld ist zwingend erforderlich."),
        ({"avatar": b""}, "avatar", "empty", "Die übertragene Datei ist leer."),
        (
            {"avatar": b"<html>"},
            "avatar",
            "invalid_image",
            "„avatar.jpg“ konnte nicht verarbeitet werden: Das ist kein Bild in einem erlaubten"
            " Format. Erlaubte Formate: JPEG, PNG, WebP, AVIF, GIF.",
        ),
        (
            {"avatar": bytes(20_001)},
            "avatar",
            "too_large",
            "„avatar.jpg“ ist zu groß: Die Datei hat 20.001 Bytes; erlaubt sind höchstens 20.000.",
        ),
        (
            {"letter": bytes(101)},
            "letter",
            "too_large",
            "„letter.jpg“ ist zu groß: Die Datei hat 101 Bytes; erlaubt sind höchstens 100.",
        ),
    ],
)
def test_errors_have_codes_and_translations(
    files: dict[str, Any], field: str, code: str, message: str
) -> None:
    with translation.override("de"):
        form = avatar_form(**files)
        assert [error.code for error in form.errors.as_data()[field]] == [code]
        assert form.errors[field] == [message]


def test_the_input_has_an_accept_attribute() -> None:
    html = str(AvatarForm(prefix="me")["avatar"])
    assert 'accept="image/jpeg,image/png,image/webp,image/avif,image/gif"' in html
    assert 'name="me-avatar"' in html
    assert 'data-focal-point="focus"' in html
    assert "accept" not in str(AvatarForm()["letter"])


def test_another_widget_may_be_chosen() -> None:
    field = MediaFormField(widget=forms.FileInput, focal_point_field="focus")
    assert isinstance(field.widget, forms.FileInput)
    assert set(field.widget.attrs) == {"accept"}


def test_scripts_and_styles_are_not_inline() -> None:
    """A strict content security policy forbids them."""
    form = AvatarForm()
    html = f"{form.media}{form.as_div()}"
    assert " style=" not in html
    assert "<style" not in html
    assert " on" not in html
    assert html.count("<script") == html.count("<script src=") == 1


@pytest.fixture
def rows(settings: Any, moto: Any, db: None) -> Any:
    storage = new_bucket(settings, moto)
    for number in range(5):
        photo = Photo.objects.create(photo=ContentFile(JPEG, name="a.jpg"))
        Attachment.objects.create(
            photo=photo, file=ContentFile(b"PDF", name=f"{number}.pdf"), preview=photo.photo.name
        )
    return storage


def test_the_admin_needs_no_query_and_no_storage_request(
    rows: Any, admin_client: Any, django_assert_num_queries: Any
) -> None:
    asked = operations(rows)
    column = thumbnail("photo")
    photos = list(Photo.objects.all())
    with django_assert_num_queries(0):
        assert all("<img" in str(column(photo)) for photo in photos)
    for page in ("", f"{photos[0].pk}/change/"):
        assert admin_client.get(f"/admin/gallery/photo/{page}").status_code == 200
    assert asked == []


@pytest.mark.django_db
def test_a_thumbnail_has_a_name_a_size_and_a_srcset(photo: Photo) -> None:
    column = thumbnail("photo", "40x40")
    photo.title = '"Sea"'
    html = str(column(photo))
    assert ' alt="&quot;Sea&quot;"' in html
    assert ' width="40"' in html
    assert ' height="30"' in html
    assert f'{photo.photo.resize("80x80")} 2x"' in html
    photo.width = photo.height = None
    assert " width=" not in str(column(photo)), "it is unknown"


@pytest.mark.django_db
def test_the_thumbnail_column(photo: Photo) -> None:
    column: Any = thumbnail("photo", "40x30", description="Picture", format="webp")
    assert column.short_description == "Picture"
    assert "/40x30-fit-" in str(column(photo))
    assert thumbnail("photo").short_description == "Photo"  # type: ignore[attr-defined]
    assert thumbnail("preview")(Attachment()) is None, "the admin shows its dash"


def test_a_thumbnail_column_with_an_invalid_size_raises_at_once() -> None:
    with pytest.raises(InvalidResize, match="'big'"):
        thumbnail("photo", "big")


class LegacyInput(AdminFileWidget):
    pass


@pytest.mark.parametrize(
    ("overrides", "widget"), [({}, MediaInput), ({"widget": LegacyInput}, LegacyInput)]
)
def test_the_admin_needs_no_configuration(overrides: Any, widget: type, rf: Any) -> None:
    field = Photo._meta.get_field("photo")
    options = {"formfield_overrides": {type(field): overrides}} if overrides else {}
    made = type("PhotoAdmin", (admin.ModelAdmin,), options)(Photo, admin.site)
    assert type(made.formfield_for_dbfield(field, rf.get("/")).widget) is widget


@pytest.mark.django_db
def test_a_file_with_a_foreign_name_has_no_preview() -> None:
    photo = Photo(photo="old/cat.jpg", width=40, height=30)
    html = MediaInput().render("photo", photo.photo)
    assert "cat.jpg</bdi></a>" in html
    assert "JPG, 40 × 30" in strip_tags(html)
    assert "<img" not in html


@pytest.mark.parametrize(
    ("presets", "only", "shown"),
    [
        ({}, False, "/400x300-fit-82-noupscale-"),
        ({"preview": {"size": "200x"}}, False, "/200x-fit-80-noupscale-"),
        ({"preview": {"size": "200x"}}, True, "/200x-fit-80-noupscale-"),
        ({"avatar": {"size": "96x96"}}, True, None),
    ],
)
def test_the_preview_uses_the_preset_of_that_name(
    photo: Photo, settings: Any, presets: Any, only: bool, shown: str | None
) -> None:
    settings.SHIFT_MEDIA_PRESETS = presets
    settings.SHIFT_MEDIA_PRESETS_ONLY = only
    html = PhotoForm(instance=photo)["photo"].as_widget()
    assert "<shift-media-input" in html
    assert shown in html if shown else "<img" not in html


@pytest.mark.parametrize(
    ("size", "width", "height"), [("100x100", 100, 75), ("800x800", 400, 300), ("400x", 400, 300)]
)
def test_the_preview_has_a_size_and_a_srcset(
    photo: Photo, settings: Any, size: str, width: int, height: int
) -> None:
    settings.SHIFT_MEDIA_PRESETS = {"preview": {"size": size, "upscale": True}}
    html = PhotoForm(instance=photo)["photo"].as_widget()
    assert f' width="{width}"' in html
    assert f' height="{height}"' in html
    assert html.count(" 1x, ") == html.count(" 2x") == 1


def test_the_widget_shows_stored_dimensions_and_file_size(
    photo: Photo, settings: Any, moto: Any
) -> None:
    assert photo.size == len(photo.photo.read())
    photo.size = 1_234_567
    html = PhotoForm(instance=photo)["photo"].as_widget()
    assert f"JPG, {photo.width} × {photo.height}, 1.2\xa0MB" in strip_tags(html)
    storage = new_bucket(settings, moto)
    letter = Attachment.objects.create(file=ContentFile(bytes(2048), name="a.pdf"))
    asked = operations(storage)
    html = MediaInput().render("file", Attachment.objects.get(pk=letter.pk).file)
    assert "PDF, 2.0\xa0KB" in strip_tags(html)
    assert letter.file.size == 2048
    assert asked == []
    letter.file = ContentFile(bytes(10), name="b.pdf")
    letter.save()
    assert Attachment.objects.get().file_size == 10
    letter.file.delete()
    assert Attachment.objects.get().file_size is None
