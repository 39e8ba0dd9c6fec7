"""Rows with values that no upload made take no page down, and are found."""

import json
import logging
from io import StringIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db.models import Model
from jinja2 import ChainableUndefined
from rest_framework import serializers

from django_shift_media.admin import thumbnail
from django_shift_media.contrib.rest_framework import MediaSerializerField
from django_shift_media.exceptions import InvalidKey, InvalidMetadata, InvalidResize
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment, Photo
from tests.support.templates import jinja2, rendered

pytestmark = pytest.mark.django_db

KEY = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg"
LEGACY = "photos/2019/Some Photo.jpg"
TAGS = [
    '{% resize obj.photo "9x9" how="fill" %}',
    '{% picture obj.photo "9x9" how="fill" alt="" placeholder=True %}',
    '{% img obj.photo "9x9" how="fill" alt="" placeholder=True %}',
    '{% srcset obj.photo widths="9" ratio=1 %}',
]
BAD_ROWS = [
    ({"photo": LEGACY}, InvalidKey, "Some Photo.jpg"),
    ({"photo": KEY, "focal_point": "centre"}, InvalidMetadata, "'centre'"),
    ({"photo": KEY, "focal_point": "30,700"}, InvalidMetadata, "'30,700'"),
]


def bad_row(**values: str) -> Photo:
    row = Photo.objects.create(photo=KEY)
    Photo.objects.filter(pk=row.pk).update(**values)
    return Photo.objects.get(pk=row.pk)


def the_record(caplog: Any) -> str:
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("django_shift_media", logging.ERROR)
    return str(record.getMessage())


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize(("values", "error", "text"), BAD_ROWS)
def test_a_bad_row_renders_nothing_and_is_logged_once(
    settings: Any, caplog: Any, tag: str, values: dict[str, str], error: Any, text: str
) -> None:
    row = bad_row(**values)
    assert rendered(f"[{tag}]", obj=row) == "[]"
    message = the_record(caplog)
    assert text in message
    assert "gallery.Photo.photo" in message
    assert f"primary key {row.pk}" in message
    settings.DEBUG = True
    with pytest.raises(error, match=text):
        rendered(tag, obj=row)


@pytest.mark.parametrize("values", [{"placeholder": "gray"}, {"width": -4, "height": 3}])
def test_a_picture_with_other_bad_metadata_renders_nothing(
    monkeypatch: Any, caplog: Any, values: dict[str, Any]
) -> None:
    row = bad_row()
    for name, value in values.items():
        monkeypatch.setattr(row, name, value)
    assert rendered(f"[{TAGS[1]}]", obj=row) == "[]"
    assert "gallery.Photo.photo" in the_record(caplog)
    with pytest.raises(InvalidMetadata):
        row.photo.check_row()


def test_other_rows_of_the_page_are_rendered(caplog: Any) -> None:
    rows = [bad_row(photo=LEGACY), bad_row()]
    page = rendered("{% for obj in rows %}{% resize obj.photo '9x9' %} {% endfor %}", rows=rows)
    assert page.split() == [rows[1].photo.resize("9x9")]


def test_a_wrong_option_raises_for_a_good_row() -> None:
    with pytest.raises(InvalidResize, match="Unknown preset"):
        rendered('{% resize obj.photo "big" %}', obj=bad_row())


@pytest.mark.parametrize("debug", [True, False])
def test_a_setting_decides_for_both_values_of_debug(settings: Any, debug: bool) -> None:
    settings.DEBUG = debug
    row = bad_row(photo=LEGACY)
    settings.SHIFT_MEDIA_STRICT = True
    with pytest.raises(InvalidKey):
        rendered(TAGS[0], obj=row)
    settings.SHIFT_MEDIA_STRICT = False
    assert rendered(TAGS[0], obj=row) == ""


@pytest.mark.parametrize(
    ("name", "explanation"),
    [
        (LEGACY, "looks like the name of a file of an ImageField .* import_media"),
        ("https://example.com/cat.jpg", "looks like a URL"),
        (f"media/{KEY}", "has 'media/' before a key"),
        (KEY.upper(), "Keys are in lower case"),
        (
            f"{KEY.rpartition('/')[0]}/9x9-fit-80-noupscale-{'0' * 32}.webp",
            f"is the key of a resize: .*{KEY}",
        ),
    ],
)
def test_python_code_gets_an_exception_that_explains_the_name(name: str, explanation: str) -> None:
    with pytest.raises(InvalidKey, match=explanation):
        bad_row(photo=name).photo.resize("9x9")


# -- lookups that lead to nothing -----------------------------------------------------------------


class RelatedObjectDoesNotExist(Photo.DoesNotExist, AttributeError):
    """As Django's exception for a missing one-to-one relation."""


class Account:
    def __init__(self, profile: Model | None) -> None:
        self._profile = profile

    @property
    def profile(self) -> Model | None:
        if self._profile is None:
            raise RelatedObjectDoesNotExist
        return self._profile


MISSING = [
    ("obj.photo.photo", Attachment()),
    ("obj.profile.photo", Account(None)),
    ("obj.profile.photo", None),
]


@pytest.mark.parametrize(("lookup", "obj"), MISSING)
@pytest.mark.parametrize("arguments", ['{} "9x9"', 'file={} size="9x9"'])
@pytest.mark.parametrize("invalid", ["", "INVALID %s"])
def test_a_lookup_without_an_object_renders_nothing_and_is_logged(
    settings: Any, caplog: Any, lookup: str, obj: Any, invalid: str, arguments: str
) -> None:
    (options,) = (engine["OPTIONS"] for engine in settings.TEMPLATES[:1])
    engine = {**settings.TEMPLATES[0], "OPTIONS": {**options, "string_if_invalid": invalid}}
    settings.TEMPLATES = [engine]
    tag = "[{% resize " + arguments.format(lookup) + " %}]"
    assert rendered(tag, obj=obj) == "[]"
    assert repr(lookup) in the_record(caplog)
    settings.DEBUG = True
    with pytest.raises(ValueError, match=f"'{lookup}' does not exist"):
        rendered(tag, obj=obj)


def test_a_variable_that_was_assigned_such_a_lookup_renders_nothing(
    settings: Any, caplog: Any
) -> None:
    tag = "[{% with photo=obj.profile.photo %}{% resize photo '9x9' %}{% endwith %}]"
    assert rendered(tag, obj=Account(None)) == "[]"
    assert "'photo' does not exist" in the_record(caplog)
    settings.DEBUG = True
    with pytest.raises(ValueError, match="'photo' does not exist"):
        rendered(tag, obj=Account(None))


@pytest.mark.parametrize("lookup", ["obj.profile.phtoo", "photo", "obj.profile.title"])
def test_a_misspelled_lookup_raises(lookup: str, photo: Photo) -> None:
    with pytest.raises(ValueError, match="Use the file of a MediaField"):
        rendered(f'{{% resize {lookup} "9x9" %}}', obj=Account(Photo(title="Sea", photo=KEY)))


def test_a_file_that_is_none_renders_nothing_without_a_record(caplog: Any) -> None:
    assert rendered('{% resize obj.photo "9x9" %}', obj={"photo": None}) == ""
    assert not caplog.records


@pytest.mark.usefixtures("jinja2_templates")
def test_jinja2_renders_nothing_too(caplog: Any, settings: Any) -> None:
    template = "[{{ resize(obj.photo, '9x9') }}]"
    assert jinja2(template, obj=bad_row(photo=LEGACY)) == "[]"
    assert "Some Photo.jpg" in the_record(caplog)
    assert jinja2(template, obj=None) == "[]"
    assert "'photo' does not exist" in caplog.messages[1]
    with pytest.raises(ValueError, match="Use the file of a MediaField"):
        jinja2("{{ resize(obj.phtoo, '9x9') }}", obj=bad_row())
    settings.DEBUG = True
    with pytest.raises(ValueError, match="'photo' does not exist"):
        jinja2(template, obj=None)


@pytest.mark.usefixtures("jinja2_templates")
def test_chainable_undefined_values_of_jinja2_render_nothing(settings: Any, caplog: Any) -> None:
    *others, engine = settings.TEMPLATES
    options = {**engine["OPTIONS"], "undefined": ChainableUndefined}
    settings.TEMPLATES = [*others, {**engine, "OPTIONS": options}]
    assert jinja2("[{{ resize(obj.profile.photo, '9x9') }}]", obj=Account(None)) == "[]"
    assert len(caplog.records) == 1


# -- the admin and REST framework -----------------------------------------------------------------


def test_the_admin_lists_a_bad_row_without_a_thumbnail(
    admin_client: Any, caplog: Any, settings: Any
) -> None:
    bad, good = bad_row(photo=LEGACY), bad_row()
    page = admin_client.get("/admin/gallery/photo/").content.decode()
    assert page.count('loading="lazy"') == 1
    assert f"primary key {bad.pk}" in the_record(caplog)
    for row in (bad, bad_row(focal_point="centre")):
        assert admin_client.get(f"/admin/gallery/photo/{row.pk}/change/").status_code == 200
    settings.DEBUG = True
    with pytest.raises(InvalidKey):
        thumbnail("photo")(bad)
    assert thumbnail("photo")(good)


def test_a_file_that_is_not_an_image_has_no_thumbnail(caplog: Any) -> None:
    name = KEY.replace(".jpg", ".pdf")
    assert thumbnail("file")(Attachment(file=name)) is None
    assert thumbnail("file")(Attachment(file=KEY))
    assert not caplog.records


class PhotoSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    photo = MediaSerializerField(resizes={"small": "9x9", "large": "90x90"})

    class Meta:
        model = Photo
        fields = ["id", "photo"]


class UrlSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    photo = MediaSerializerField()

    class Meta:
        model = Photo
        fields = ["photo"]


class OtherRowSerializer(serializers.Serializer):  # type: ignore[type-arg]
    photo = MediaSerializerField(source="photo.photo")


class MisspelledSerializer(serializers.Serializer):  # type: ignore[type-arg]
    photo = MediaSerializerField(source="phtoo.photo")


def test_an_api_lists_a_bad_row_without_a_file(caplog: Any, settings: Any) -> None:
    rows = [bad_row(photo=LEGACY), bad_row()]
    first, second = PhotoSerializer(rows, many=True).data
    assert first == {"id": rows[0].pk, "photo": None}
    assert second["photo"]["resizes"]["small"] == rows[1].photo.resize("9x9")
    assert f"primary key {rows[0].pk}" in the_record(caplog)
    settings.DEBUG = True
    with pytest.raises(InvalidKey):
        _ = PhotoSerializer(rows[0]).data


def test_an_api_that_lists_only_urls_leaves_bad_rows_out_as_well(caplog: Any) -> None:
    row = bad_row(photo=LEGACY)
    assert UrlSerializer(row).data == {"photo": None}
    assert f"primary key {row.pk}" in the_record(caplog)


def test_an_api_lists_a_row_without_the_other_row(caplog: Any, settings: Any) -> None:
    assert OtherRowSerializer(Attachment()).data == {"photo": None}
    assert "NoneType" in the_record(caplog)
    with pytest.raises(AttributeError, match="phtoo"):
        _ = MisspelledSerializer(Attachment()).data
    settings.DEBUG = True
    with pytest.raises(AttributeError, match="NoneType"):
        _ = OtherRowSerializer(Attachment()).data


# -- commands -------------------------------------------------------------------------------------


def results(*command: str) -> dict[str, Any]:
    out = StringIO()
    with pytest.raises(CommandError, match="attention"):
        call_command(*command, "--json", stdout=out, stderr=StringIO())
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


@pytest.fixture
def rows(photo: Photo) -> list[Photo]:
    """A good row with a file, and rows with an invalid name and an invalid focal point."""
    media_storage().save(LEGACY, ContentFile(b"as ImageField has stored it"))
    legacy = Photo.objects.create(photo=KEY)
    Photo.objects.filter(pk=legacy.pk).update(photo=LEGACY)
    centre = Photo.objects.create(photo=KEY)
    Photo.objects.filter(pk=centre.pk).update(photo=photo.photo.name, focal_point="centre")
    return [photo, legacy, centre]


def test_warm_media_makes_the_others_and_counts_bad_rows(rows: list[Photo], settings: Any) -> None:
    settings.SHIFT_MEDIA_PRESETS = {"tile": {"size": "9x9", "how": "fill"}}
    document = results("warm_media", "gallery.Photo.photo", "--preset", "tile")
    assert document["counts"] == {"invalid": 2, "made": 1}
    notes = [file["note"] for file in document["files"] if file["outcome"] == "invalid"]
    assert [str(row.pk) in note for row, note in zip(rows[1:], notes, strict=True)] == [True, True]


def test_bad_rows_are_listed_once(rows: list[Photo]) -> None:
    document = results("clean_media_orphans", "--missing")
    assert [file["outcome"] for file in document["files"]] == ["invalid", "invalid"]
    assert "import_media" in document["files"][0]["note"]
    assert "'centre'" in document["files"][1]["note"]
