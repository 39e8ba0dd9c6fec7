"""Direct uploads to several storages and to private ones, and what an erasure does to them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from django_shift_media.forms import MediaFormField
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.multipart import Part
from django_shift_media.storages.selection import media_storage
from django_shift_media.uploads import owners
from django_shift_media.uploads.tokens import AcceptedUpload, Upload
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.buckets import new_bucket, operations
from tests.support.direct_uploads import Uploader, form_of, request_of, stored, unfinished
from tests.support.infrastructure import use_aws
from tests.support.private_storages import private_folder
from tests.support.second_storage import in_bucket, on_disk, store_attachments_in
from tests.support.stored_objects import tend

pytestmark = pytest.mark.django_db
JPEG = draw_photo(400, 300)
LABEL = "gallery.attachment.preview"
URLCONFS = [("urls_of_two_storages", "/media/"), ("urls_of_one_alias", "/documents/")]


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for model, name in ((Photo, "photo"), (Attachment, "preview")):
        monkeypatch.setattr(model._meta.get_field(name), "direct", True)


@pytest.fixture
def attacher(uploader: Uploader) -> Uploader:
    """A person who attaches pictures."""
    return Uploader(uploader.client, User.objects.get(), label=LABEL)


@pytest.fixture(params=["local", "moto"])
def second(
    request: Any, running: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> MediaStorage:
    """The storage of attachments, with the alias "private"; photos are in the default one."""
    if request.param == "local":
        return store_attachments_in(settings, monkeypatch, on_disk(tmp_path / "private"))
    name = "attachments"
    storage = store_attachments_in(
        settings, monkeypatch, in_bucket(running("moto").storage_options(name))
    )
    storage.client.create_bucket(Bucket=name)  # type: ignore[attr-defined]
    for key in stored(storage):
        storage.delete(key)
    return storage


# -- several storages -----------------------------------------------------------------------------


@pytest.mark.parametrize(("urls", "prefix"), URLCONFS)
def test_a_file_goes_to_the_storage_of_its_field(
    second: Any, attacher: Uploader, settings: Any, urls: str, prefix: str
) -> None:
    settings.ROOT_URLCONF = f"tests.support.{urls}"
    attacher.prefix = f"{prefix}uploads/"
    value = attacher.upload(JPEG).body["value"]
    (key,) = stored(second)
    sent = operations(second) if hasattr(second, "client") else []
    row = form_of(Attachment, ["preview"], {"preview-upload": value}, attacher).save()
    assert sent == []
    assert row.preview.name == key
    assert row.preview.read() == JPEG
    assert stored(media_storage()) == []


@pytest.mark.parametrize(("urls", "prefix"), URLCONFS)
def test_the_widget_knows_the_endpoints(
    second: Any, attacher: Uploader, settings: Any, urls: str, prefix: str
) -> None:
    settings.ROOT_URLCONF = f"tests.support.{urls}"
    with owners.during(request_of(attacher)):
        page = str(form_of(Attachment, ["preview"], {}, attacher))
    assert f'data-url="{prefix}uploads/"' in page


def test_the_same_key_in_another_storage_is_another_file(
    second: Any, attacher: Uploader, uploader: Uploader
) -> None:
    photo = AcceptedUpload.unsign(uploader.upload(JPEG).body["value"])
    preview = replace(photo, label=LABEL).sign()
    key = photo.key
    first = form_of(Photo, ["photo"], {"photo-upload": photo.sign()}, uploader)
    second_form = form_of(Attachment, ["preview"], {"preview-upload": preview}, attacher)
    assert first.save().photo.name == key
    assert second_form.save().preview.name == key


def test_a_file_of_another_storage_is_copied(second: Any, uploader: Uploader) -> None:
    with owners.during(request_of(uploader)):
        mine = Uploader(uploader.client, User.objects.get(), label="contact.picture")
        file = MediaFormField(direct="contact.picture").clean(mine.upload(JPEG).body["value"])
    row = Attachment.objects.create(preview=file)
    assert [row.preview.name] == stored(second)
    assert row.preview.name not in stored(media_storage())
    assert row.preview.read() == JPEG


def test_a_storage_without_parts_gets_files_through_the_app(
    settings: Any, monkeypatch: pytest.MonkeyPatch, attacher: Uploader
) -> None:
    memory = {"BACKEND": "django_shift_media.testing.InMemoryMediaStorage"}
    store_attachments_in(settings, monkeypatch, memory)
    with owners.during(request_of(attacher)):
        page = str(form_of(Attachment, ["preview"], {}, attacher))
    assert 'type="file"' in page
    assert "data-token" not in page
    assert attacher.begin(JPEG).status == 404


# -- private storages -----------------------------------------------------------------------------


def test_an_upload_to_a_private_storage_is_previewed_to_who_may_see_it(
    settings: Any, tmp_path: Path, uploader: Uploader
) -> None:
    storage = private_folder(settings, tmp_path)
    value = uploader.upload(JPEG).body["value"]
    with owners.during(request_of(uploader)):
        data = {"photo-upload": value, "focal_point": "left"}
        page = str(form_of(Photo, ["photo", "focal_point"], data, uploader))
    (url,) = re.findall(r'<img [^>]*?src="([^"]+)"', page)
    assert urlsplit(url).query, "it is signed"
    assert uploader.client.get(url.replace("&amp;", "&")).headers["Content-Type"] == "image/webp"
    assert Client().get(url.replace("&amp;", "&")).status_code in {403, 404}
    photo = form_of(Photo, ["photo"], {"photo-upload": value}, uploader).save()
    assert storage.get(photo.photo.name) == JPEG


def test_no_cache_keeps_what_was_sent_to_a_private_bucket(
    settings: Any, running: Any, uploader: Uploader
) -> None:
    storage = new_bucket(settings, running("moto"), access="private")
    uploader.upload(JPEG)
    head = storage.client.head_object(Bucket=storage.bucket_name, Key=stored(storage)[0])
    assert head["CacheControl"].startswith("private")


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_parts_go_to_the_host_of_the_region(
    settings: Any, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    """No preflight request may follow a redirect of the global host."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    storage = use_aws(settings, region_name=region)
    url = urlsplit(storage.multipart.part_url("a", "upload", Part(1, 10), 60))
    assert url.hostname == f"example-media.s3.{region}.amazonaws.com"
    assert "content-length" in url.query


# -- erasing --------------------------------------------------------------------------------------


@pytest.fixture(params=["local", "moto", "ceph", "ministack"])
def storage(request: Any, settings: Any, running: Any) -> Any:
    if request.param == "local":
        return media_storage()
    return new_bucket(settings, running(request.param), location="some/where")


def erase(key: str) -> dict[str, Any]:
    return tend("erase_media", key, "--no-requests", "--no-input")


def test_an_erasure_deletes_the_parts_of_an_upload(storage: Any, uploader: Uploader) -> None:
    upload, other = (uploader.begin(JPEG).body["upload"] for _ in range(2))
    uploader.send(upload, JPEG)
    key = Upload.unsign(upload).key
    (erased,) = (file for file in erase(key)["files"] if file["outcome"] == "erased")
    assert "multipart upload" in str(erased)
    assert unfinished(storage) == [Upload.unsign(other).id]
    assert uploader.post("complete/", upload=upload).status == 404
    assert stored(storage) == [f"{key[:37]}erased"]


def test_an_upload_that_completes_after_an_erasure_does_not_come_back(
    storage: Any, uploader: Uploader
) -> None:
    upload = uploader.begin(JPEG, "cat.png").body["upload"]
    uploader.send(upload, JPEG)
    key = Upload.unsign(upload).key
    storage.bury(key)  # the first step of an erasure, which has listed the parts too early
    assert uploader.post("complete/", upload=upload).status == 404
    left = [each for each in stored(storage) if not each.endswith("/erased")]
    assert left == unfinished(storage) == []
