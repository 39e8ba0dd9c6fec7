"""Forms and the admin with ``MediaField(direct=True)``."""

import re
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.forms import modelform_factory, modelformset_factory
from django.test import Client
from django.utils import timezone

from django_shift_media.storages.selection import media_storage
from django_shift_media.uploads import owners
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.buckets import change_options, new_bucket, operations
from tests.support.direct_uploads import Uploader, form_of, request_of, stored
from tests.support.forms import form_data

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("direct_photos")]
JPEG = draw_photo(400, 300)


def test_the_app_asks_s3_for_five_things_and_for_nothing_when_the_form_is_sent(
    running: Any, settings: Any, uploader: Uploader
) -> None:
    storage = new_bucket(settings, running("moto"))
    sent = operations(storage)
    value = uploader.upload(JPEG).body["value"]
    steps = ["CreateMultipartUpload", "ListParts", "CompleteMultipartUpload"]
    assert sent == [*steps, "GetObject", "HeadObject"], "the last one looks for a tombstone"
    sent.clear()
    answer = uploader.client.post(
        "/admin/gallery/photo/add/", form_data(**{"photo-upload": value, "title": "Cat"})
    )
    assert answer.status_code == 302
    assert sent == []
    photo = Photo.objects.get()
    assert [photo.photo.name] == stored(storage)
    assert (photo.width, photo.height, photo.size) == (400, 300, len(JPEG))
    assert photo.photo.placeholder is not None


def test_the_app_never_reads_a_file_that_is_no_image(
    running: Any, settings: Any, uploader: Uploader
) -> None:
    storage = new_bucket(settings, running("moto"))
    sent = operations(storage)
    person = Uploader(uploader.client, User.objects.get(), label="contact.file", kind="any")
    assert person.upload(b"%PDF-1.7", "plan.pdf").status == 200
    steps = ["CreateMultipartUpload", "ListParts", "CompleteMultipartUpload"]
    assert sent == [*steps, "HeadObject"], "whatever its size"


def add(uploader: Uploader, value: str, **fields: Any) -> Any:
    data = form_data(**{"photo-upload": value, **fields})
    return uploader.client.post("/admin/gallery/photo/add/", data)


def test_a_form_with_an_error_elsewhere_keeps_the_upload(uploader: Uploader) -> None:
    value = uploader.upload(JPEG, "my cat.jpg").body["value"]
    page = add(uploader, value, focal_point="left").content.decode()
    assert "my cat.jpg" in page
    (kept,) = re.findall(r'name="photo-upload" value="([^"]+)"', page)
    assert add(uploader, kept).status_code == 302
    assert Photo.objects.get().photo.name in stored(media_storage())


@pytest.mark.parametrize(
    ("size", "shown"), [((400, 300), (200, 150)), ((300, 400), (112, 150)), ((60, 40), (60, 40))]
)
def test_the_preview_of_a_kept_upload_has_a_size(
    uploader: Uploader, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    value = uploader.upload(draw_photo(*size)).body["value"]
    page = add(uploader, value, focal_point="left").content.decode()
    [preview] = re.findall('<img [^>]*alt="Preview">', page)
    assert re.findall(' (?:width|height)="([0-9]+)"', preview) == [str(shown[1]), str(shown[0])]


def test_a_page_has_a_token_in_new_rows_as_well(uploader: Uploader, monkeypatch: Any) -> None:
    monkeypatch.setattr(Attachment._meta.get_field("file"), "direct", True)
    page = uploader.client.get("/admin/gallery/photo/add/").content.decode()
    assert 'name="attachment_set-__prefix__-file-upload"' in page
    assert len(re.findall(r'data-token="[^"]+"', page)) == 3  # the photo, a row, and the template


@pytest.mark.parametrize("forgery", ["user", "field", "altered", "expired", "key"])
def test_a_forged_value_is_an_error_at_the_field(
    uploader: Uploader, stranger: Uploader, forgery: str, monkeypatch: Any
) -> None:
    if forgery == "field":
        uploader.field = Uploader(uploader.client, User.objects.first(), label="other").field
    value = (stranger if forgery == "user" else uploader).upload(JPEG).body["value"]
    if forgery == "altered":
        value = value[:10] + ("A" if value[10] != "A" else "B") + value[11:]
    elif forgery == "key":
        value = stored(media_storage())[0]
    elif forgery == "expired":
        later = (timezone.now() + timedelta(days=1, seconds=1)).timestamp()
        monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    page = add(uploader, value).content.decode()
    assert "The upload is no longer valid. Choose the file again." in page
    assert not Photo.objects.exists()


def test_a_value_is_good_once(uploader: Uploader) -> None:
    value = uploader.upload(JPEG).body["value"]
    assert add(uploader, value).status_code == 302
    assert "no longer valid" in add(uploader, value).content.decode()
    Photo.objects.all().delete()
    assert Photo.objects.count() == 0


def test_a_chosen_file_is_preferred_to_the_value(uploader: Uploader) -> None:
    value = uploader.upload(JPEG).body["value"]
    other = draw_photo(80, 60)
    assert add(uploader, value, photo=SimpleUploadedFile("b.jpg", other)).status_code == 302
    assert Photo.objects.get().width == 80


def test_a_file_to_clear_and_to_replace_is_an_error_as_in_any_form(
    uploader: Uploader, monkeypatch: Any
) -> None:
    monkeypatch.setattr(Photo._meta.get_field("photo"), "blank", True)
    photo = Photo.objects.create(title="Cat", photo=SimpleUploadedFile("a.jpg", JPEG))
    data = {"photo-upload": uploader.upload(JPEG).body["value"], "photo-clear": "on"}
    with owners.during(request_of(uploader)):
        form = modelform_factory(Photo, fields=["photo"])(data, {}, instance=photo)
        assert "not both" in str(form.errors)


@pytest.mark.parametrize("name", ["HTTP_X_CSRFTOKEN", "HTTP_X_XSRF_TOKEN"])
def test_the_script_sends_the_header_that_the_project_has_chosen(
    uploader: Uploader, settings: Any, name: str
) -> None:
    settings.CSRF_HEADER_NAME = name
    client = Client(enforce_csrf_checks=True)
    client.cookies = uploader.client.cookies
    page = client.get("/admin/gallery/photo/add/").content.decode()
    (token,) = set(re.findall('name="csrfmiddlewaretoken" value="([^"]+)"', page))
    (header,) = set(re.findall('data-csrf-header="([^"]+)"', page))
    answer = client.post("/media/uploads/", {}, "application/json", headers={header: token})
    assert answer.json()["code"] == "invalid", "but not forbidden"


def test_without_a_user_the_widget_is_a_plain_file_input(rf: Any) -> None:
    form = modelform_factory(Photo, fields=["photo"])()
    assert "data-token" not in str(form)
    assert 'type="file"' in str(form)


def test_a_form_in_the_app_still_takes_the_file_itself(uploader: Uploader) -> None:
    assert add(uploader, "", photo=SimpleUploadedFile("b.jpg", JPEG)).status_code == 302
    assert Photo.objects.get().width == 400


def test_a_file_is_deleted_with_its_row(
    uploader: Uploader, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(Attachment._meta.get_field("file"), "direct", True)
    mine = Uploader(
        uploader.client, User.objects.get(), label="gallery.attachment.file", kind="any"
    )
    data = {"file-upload": mine.upload(b"Dear Sir", "letter.txt").body["value"]}
    form = form_of(Attachment, ["file"], data, mine)
    with django_capture_on_commit_callbacks(execute=True):
        attachment = form.save()
    assert (attachment.file_size, attachment.file.read()) == (8, b"Dear Sir")
    with django_capture_on_commit_callbacks(execute=True):
        attachment.delete()
    assert stored(media_storage()) == []
    assert not form_of(Attachment, ["file"], data, mine).is_valid(), "the value was used"


def test_two_rows_never_have_the_same_file(uploader: Uploader) -> None:
    value = uploader.upload(JPEG).body["value"]
    forms = [form_of(Photo, ["photo"], {"photo-upload": value}, uploader) for _ in range(2)]
    first, second = (form.save().photo for form in forms)  # both were valid before
    assert first.name != second.name
    assert second.read() == JPEG


def test_what_no_form_sends_is_an_orphan(uploader: Uploader) -> None:
    unsent = uploader.upload(JPEG)
    sent = uploader.upload(JPEG).body["value"]
    assert add(uploader, sent).status_code == 302
    assert unsent.status == 200
    call_command("clean_media_orphans", "--grace", "1h", "--delete", stdout=StringIO())
    assert len(stored(media_storage())) == 2
    call_command("clean_media_orphans", "--grace", "0s", "--delete", stdout=StringIO())
    assert stored(media_storage()) == [Photo.objects.get().photo.name]


def test_presets_are_enqueued_before_the_form_is_sent(
    uploader: Uploader, settings: Any, monkeypatch: Any
) -> None:
    settings.SHIFT_MEDIA_PRESETS = {"avatar": {"size": "96x96"}}
    settings.SHIFT_MEDIA_ENQUEUE = f"{__name__}.enqueue"
    monkeypatch.setattr(Photo._meta.get_field("photo"), "warm", ("avatar",))
    enqueued.clear()
    uploader.upload(JPEG)
    assert len(enqueued) == 1
    assert "/96x96-fit-" in enqueued[0]


enqueued: list[str] = []


def enqueue(keys: list[str]) -> None:
    enqueued.extend(keys)


def test_the_focal_point_is_found_before_the_form_is_sent(
    uploader: Uploader, settings: Any
) -> None:
    settings.SHIFT_MEDIA_FOCAL_POINT = f"{__name__}.find_corner"
    assert add(uploader, uploader.upload(JPEG).body["value"]).status_code == 302
    assert Photo.objects.get().focal_point == "0,100"


def find_corner(image: Any) -> tuple[float, float]:
    return 0, 100


def test_parts_on_disk_are_not_served(uploader: Uploader, settings: Any) -> None:
    settings.DEBUG = True
    upload = uploader.begin(JPEG).body["upload"]
    uploader.send(upload, JPEG)
    (part,) = Path(media_storage().path(".uploads")).glob("*/1")
    assert part.stat().st_size == len(JPEG)
    assert part.parent.parent.stat().st_mode & 0o077 == 0
    assert uploader.client.get(f"/media/.uploads/{part.parent.name}/1").status_code == 404


def refuse(file: Any) -> None:
    raise ValidationError("Refused.")


def test_completing_again_never_deletes_the_file_of_a_row(
    uploader: Uploader, settings: Any
) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    uploader.send(upload, JPEG)
    value = uploader.post("complete/", upload=upload).body["value"]
    assert add(uploader, value).status_code == 302
    settings.SHIFT_MEDIA_UPLOAD_VALIDATORS = [f"{__name__}.refuse"]
    assert uploader.post("complete/", upload=upload).status == 422
    assert Photo.objects.get().photo.read() == JPEG


@pytest.mark.parametrize("server", [None, "moto"])
def test_a_form_is_rendered_without_any_io(
    uploader: Uploader,
    settings: Any,
    running: Any,
    django_assert_num_queries: Any,
    server: str | None,
) -> None:
    if server:  # nothing listens where its requests would go
        new_bucket(settings, running(server))
        change_options(settings, endpoint_url="http://127.0.0.1:9")
    else:
        settings.MEDIA_ROOT = "/dev/null/nothing"
    settings.CACHES = {"default": {"BACKEND": "tests.support.no_cache.NoCache"}}
    formset = modelformset_factory(Photo, fields=["photo"], extra=3)
    with owners.during(request_of(uploader)), django_assert_num_queries(0):
        page = str(formset(queryset=Photo.objects.none()))
    assert len(re.findall(r'data-token="[^"]+"', page)) == 3
    with pytest.raises(AssertionError, match="a cache call"):
        caches["default"].get("x")
