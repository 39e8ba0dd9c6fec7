"""Forms and the admin with ``MediaField(direct=True)``."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import modelform_factory
from django.utils import timezone

from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.buckets import new_bucket, operations
from tests.support.direct_uploads import Uploader, stored
from tests.support.forms import form_data

pytestmark = pytest.mark.django_db
JPEG = draw_photo(400, 300)


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Photo._meta.get_field("photo"), "direct", True)


def test_the_app_asks_s3_for_four_things_and_for_nothing_when_the_form_is_sent(
    running: Any, settings: Any, uploader: Uploader
) -> None:
    storage = new_bucket(settings, running("moto"))
    sent = operations(storage)
    value = uploader.upload(JPEG).body["value"]
    assert sent == ["CreateMultipartUpload", "ListParts", "CompleteMultipartUpload", "GetObject"]
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


def test_without_a_user_the_widget_is_a_plain_file_input(rf: Any) -> None:
    form = modelform_factory(Photo, fields=["photo"])()
    assert "data-token" not in str(form)
    assert 'type="file"' in str(form)


def test_a_form_in_the_app_still_takes_the_file_itself(uploader: Uploader) -> None:
    assert add(uploader, "", photo=SimpleUploadedFile("b.jpg", JPEG)).status_code == 302
    assert Photo.objects.get().width == 400
