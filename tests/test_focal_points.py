"""``SHIFT_MEDIA_FOCAL_POINT``: found once for an upload, and never in place of a person's."""

import sys
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.signals import pre_save
from django.test import Client
from PIL import Image, ImageDraw

from django_shift_media.exceptions import UnreadableImage
from gallery.drawings import exif
from gallery.forms import PhotoForm
from gallery.models import Attachment, Photo
from tests.support.forms import form_data
from tests.support.pictures import decoded, encoded
from tests.support.system_checks import found

pytestmark = pytest.mark.django_db

SKIN, SKY = (205, 140, 110), (120, 150, 200)


class Calls(list[Image.Image]):
    """A function of the setting that notes what it was called with, and returns ``point``."""

    point: Any = (20.4, 70.6)

    def __call__(self, image: Image.Image) -> Any:
        self.append(image.copy())
        if isinstance(self.point, Exception):
            raise self.point
        return self.point


find = Calls()


@pytest.fixture
def calls(settings: Any, monkeypatch: Any) -> Calls:
    settings.SHIFT_MEDIA_FOCAL_POINT = f"{__name__}.find"
    monkeypatch.setattr(find, "point", Calls.point)
    find.clear()
    return find


def face(x: float, y: float, size: tuple[int, int] = (900, 600)) -> Image.Image:
    """Draw a face in front of the sky; its place is in percent."""
    picture = Image.new("RGB", size, SKY)
    draw, radius = ImageDraw.Draw(picture), min(size) / 12
    left, top = size[0] * x / 100, size[1] * y / 100
    draw.circle((left, top), radius, fill=SKIN)
    for eye in (-1, 1):
        draw.circle((left + eye * radius / 3, top - radius / 4), radius / 8, fill="black")
    return picture


def upload(picture: Image.Image | None = None, **options: Any) -> ContentFile:  # type: ignore[type-arg]
    return ContentFile(encoded(picture or face(30, 30), "JPEG", **options), name="a.jpg")


def stored_point(photo: Photo) -> str:
    return str(Photo.objects.get(pk=photo.pk).focal_point)


def posted() -> PhotoForm:
    file = SimpleUploadedFile("a.jpg", upload().read())
    return PhotoForm({"title": ""}, {"photo": file})


# -- attention ------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [(25, 30), (75, 70), (12, 85), (50, 50)])
@pytest.mark.parametrize("size", [(900, 600), (600, 900)])
def test_attention_finds_what_stands_out(
    settings: Any, place: tuple[int, int], size: tuple[int, int]
) -> None:
    settings.SHIFT_MEDIA_FOCAL_POINT = "attention"
    photo = Photo.objects.create(photo=upload(face(*place, size)))
    x, y = map(int, stored_point(photo).split(","))
    assert abs(x - place[0]) <= 6
    assert abs(y - place[1]) <= 6


def test_a_crop_shows_what_attention_has_found(settings: Any, client: Client) -> None:
    settings.SHIFT_MEDIA_FOCAL_POINT = "attention"
    photo = Photo.objects.create(photo=upload(face(15, 50)))
    made = decoded(client.get(photo.photo.resize("60x120", how="fill", format="png")).content)
    # The crop shows the left third of the image, which is 300 pixels wide: the face is at 135.
    assert made.convert("RGB").getpixel((27, 63)) == pytest.approx(SKIN, abs=6)


def test_a_point_refers_to_the_upright_image(settings: Any) -> None:
    settings.SHIFT_MEDIA_FOCAL_POINT = "attention"
    held = face(25, 30).transpose(Image.Transpose.ROTATE_90)
    photo = Photo.objects.create(photo=upload(held, exif=exif(6)))
    x, y = map(int, stored_point(photo).split(","))
    assert abs(x - 25) <= 6
    assert abs(y - 30) <= 6


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_an_image_without_anything_is_centered(settings: Any, mode: str) -> None:
    settings.SHIFT_MEDIA_FOCAL_POINT = "attention"
    for size in ((300, 200), (1, 1)):
        data = encoded(Image.new(mode, size, "white"))
        photo = Photo.objects.create(photo=ContentFile(data, name="a.png"))
        assert stored_point(photo) == ""


# -- a function -----------------------------------------------------------------------------------


def test_a_function_sees_a_small_upright_image(calls: Calls) -> None:
    held = face(20, 50, (3000, 2000)).transpose(Image.Transpose.ROTATE_90)
    photo = Photo.objects.create(photo=upload(held, exif=exif(6)))
    assert stored_point(photo) == "20,71"
    (image,) = calls
    assert (image.mode, image.size) == ("RGB", (1024, 683))
    assert image.getpixel((205, 355)) == pytest.approx(SKIN, abs=6)


def test_a_function_without_an_opinion_is_asked_once(calls: Calls) -> None:
    calls.point = None
    assert stored_point(Photo.objects.create(photo=upload())) == ""
    assert len(calls) == 1


def test_a_point_is_found_for_each_way_to_save(calls: Calls) -> None:
    photo = Photo()
    photo.photo.save("a.jpg", upload())
    form = posted()
    assert form.is_valid(), form.errors
    for saved in (photo, Photo.objects.create(photo=upload()), form.save()):
        assert stored_point(saved) == "20,71"
    assert len(calls) == 3
    attachment = Attachment.objects.create(preview=upload())
    assert Attachment.objects.get(pk=attachment.pk).preview_focus == "20,71"


def test_the_admin_fills_an_empty_point_and_keeps_one_that_is_set(
    calls: Calls, admin_client: Client
) -> None:
    for point, wanted in (("", "20,71"), ("5,95", "5,95")):
        file = SimpleUploadedFile("a.jpg", upload().read())
        data = form_data(photo=file, focal_point=point)
        assert admin_client.post("/admin/gallery/photo/add/", data).status_code == 302
        assert stored_point(Photo.objects.latest("pk")) == wanted
    assert len(calls) == 1


def test_a_point_of_a_person_is_kept_and_nothing_is_asked(calls: Calls) -> None:
    photo = Photo.objects.create(photo=upload(), focal_point="5,95")
    assert stored_point(photo) == "5,95"
    assert calls == []


def test_a_point_of_a_person_is_kept_when_the_file_is_saved_on_its_own(calls: Calls) -> None:
    photo = Photo(focal_point="5,95")
    photo.photo.save("a.jpg", upload())
    assert stored_point(photo) == "5,95"


def test_a_person_who_clears_the_point_of_a_stored_file_is_believed(calls: Calls) -> None:
    photo = Photo.objects.create(photo=upload())
    photo.focal_point = ""
    photo.save()
    assert stored_point(photo) == ""
    assert len(calls) == 1


def test_another_file_gets_another_point(calls: Calls) -> None:
    photo = Photo.objects.create(photo=upload())
    calls.point = (60, 40)
    photo.photo = upload()
    photo.save()
    assert stored_point(photo) == "60,40"
    calls.point = (1, 2)
    photo = Photo.objects.get()
    photo.photo.save("b.jpg", upload())
    assert stored_point(photo) == "1,2"


def test_a_point_is_saved_together_with_its_file(calls: Calls) -> None:
    photo = Photo.objects.create(photo=upload())
    calls.point = (60, 40)
    photo.photo = upload()
    photo.save(update_fields=["photo"])
    assert stored_point(photo) == "60,40"


def test_the_point_is_there_before_any_field_is_saved(calls: Calls) -> None:
    seen = []

    def receive(instance: Photo, **kwargs: Any) -> None:
        seen.append(instance.focal_point)

    pre_save.connect(receive, sender=Photo)
    try:
        Photo.objects.create(photo=upload())
    finally:
        pre_save.disconnect(receive, sender=Photo)
    assert seen == ["20,71"]


def test_it_is_off_by_default_and_needs_a_field_for_it(calls: Calls, settings: Any) -> None:
    Attachment.objects.create(file=upload())  # of any kind, without such a field
    settings.SHIFT_MEDIA_FOCAL_POINT = None
    assert stored_point(Photo.objects.create(photo=upload())) == ""
    assert calls == []


def test_what_is_no_image_is_not_shown_to_the_function(calls: Calls, caplog: Any) -> None:
    with pytest.raises(UnreadableImage):
        Photo.objects.create(photo=ContentFile(b"no image", name="a.jpg"))
    assert calls == []
    assert not caplog.records


@pytest.mark.parametrize(
    "point",
    [
        ValueError("no model"),
        MemoryError(),
        (101, 0),
        (0, -1),
        (float("nan"), 1),
        (1, 2, 3),
        "30,70",
        7,
    ],
    ids=repr,
)
def test_a_failure_is_logged_and_the_upload_is_stored(
    calls: Calls, point: Any, client: Client, caplog: Any
) -> None:
    calls.point = point
    photo = Photo.objects.create(photo=upload())
    assert stored_point(photo) == ""
    assert client.get(photo.photo.resize("60x40")).status_code == 200
    (record,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert "SHIFT_MEDIA_FOCAL_POINT failed" in record.getMessage()
    assert record.exc_info


# -- wrong settings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("attenton", "cannot be imported"),
        (".", "cannot be imported"),
        ("gallery.nowhere.find", "cannot be imported"),
        ("gallery.models.nothing", "cannot be imported"),
        (f"{__name__}.SKIN", "is not callable"),
    ],
)
def test_a_wrong_path_is_named(settings: Any, value: str, reason: str) -> None:
    settings.SHIFT_MEDIA_FOCAL_POINT = value
    message = found()["shift_media.E019"]
    assert message.msg.startswith(f"SHIFT_MEDIA_FOCAL_POINT is {value!r}, which ")
    assert reason in message.msg


def test_a_value_of_another_type_is_named_once(settings: Any) -> None:
    settings.SHIFT_MEDIA_FOCAL_POINT = find
    assert list(found()) == ["shift_media.E002"]


def test_attention_without_libvips_is_named(settings: Any, monkeypatch: Any) -> None:
    settings.SHIFT_MEDIA_FOCAL_POINT = "attention"
    assert found() == {}
    monkeypatch.setitem(sys.modules, "pyvips", None)
    assert 'pip install "django-shift-media[vips]"' in found()["shift_media.E019"].msg
    assert stored_point(Photo.objects.create(photo=upload())) == ""
