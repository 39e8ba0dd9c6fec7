"""Two media storages on real servers: a bucket and local disk, and two buckets."""

import io
import json
import uuid
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from PIL import Image

from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.browsing import Response, fetch, follow
from tests.support.buckets import configured_bucket
from tests.support.second_storage import in_bucket, on_disk, store_attachments_in
from tests.support.stored_objects import keys_of

pytestmark = pytest.mark.django_db


def attach() -> Any:
    file = ContentFile(draw_photo(80, 60), name="secret.jpg")
    return Attachment.objects.create(preview=file).preview


def statuses(hops: list[Response]) -> list[int]:
    return [hop.status for hop in hops]


def test_public_pictures_in_a_bucket_and_documents_on_disk(
    bucket: Any, live_server: Any, settings: Any, monkeypatch: Any, tmp_path: Any, photo: Photo
) -> None:
    private = store_attachments_in(settings, monkeypatch, on_disk(tmp_path / "private"))
    assert statuses(follow(photo.photo.resize("20x20"))) == [302, 301, 200]
    preview = attach()
    url = preview.resize("20x20")
    # Under the public URLs, of the app and of the bucket, it is found neither before it is made …
    key = url.removeprefix("/documents/")
    elsewhere = (f"{live_server.url}/media/{key}", media_storage().public_url(key))
    assert [follow(public)[-1].status for public in elsewhere] == [404, 404]
    made = fetch(live_server.url + url)
    assert made.status == 200
    assert Image.open(io.BytesIO(made.body)).size == (20, 15)
    # … nor afterwards.
    assert [follow(public)[-1].status for public in elsewhere] == [404, 404]
    assert keys_of(private) == {preview.name, key}
    assert all(name.startswith(str(photo.photo.name)[:36]) for name in keys_of(media_storage()))


@pytest.fixture
def two_buckets(
    settings: Any, s3: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch, request: Any
) -> tuple[MediaStorage, MediaStorage]:
    """Two configured buckets of a server; on moto, which has all regions, in two regions."""
    default = configured_bucket(settings, s3, live_server.url)
    region = "eu-west-1" if "moto" in request.node.name else s3.region
    options = s3.storage_options(f"documents-{uuid.uuid4().hex[:12]}")
    other = in_bucket({**options, "region_name": region})
    private = store_attachments_in(settings, monkeypatch, other)
    options = ("--storage", "private", "--create", "--app-url", live_server.url, "--no-input")
    call_command("configure_media_bucket", *options)
    return default, private


def test_each_of_two_buckets_goes_round_its_own_loop(
    two_buckets: tuple[Any, Any], live_server: Any, photo: Photo
) -> None:
    for storage, file, path in zip(
        two_buckets, (photo.photo, attach()), ("/media/", "/documents/"), strict=True
    ):
        url = file.resize("20x20")
        hops = follow(url)
        assert statuses(hops) == [302, 301, 200]
        key = url.removeprefix(storage.media_url)
        assert hops[1].url == f"{live_server.url}{path}{key}"
        assert statuses(follow(url)) == [200]
        assert keys_of(storage) == {file.name, key}


# Servers differ in nothing of what follows.
on_moto = pytest.mark.parametrize("s3", ["moto"], indirect=True)


@on_moto
def test_two_buckets_may_be_in_two_regions(two_buckets: tuple[Any, Any]) -> None:
    locations = [
        storage.client.get_bucket_location(Bucket=storage.bucket_name)["LocationConstraint"]
        for storage in two_buckets
    ]
    assert locations == [None, "eu-west-1"]  # None is us-east-1


@on_moto
def test_check_media_examines_the_bucket_that_it_is_given(
    two_buckets: tuple[Any, Any], live_server: Any
) -> None:
    for storage, arguments, path in zip(
        two_buckets, ((), ("--storage", "private")), ("/media/", "/documents/"), strict=True
    ):
        out = io.StringIO()
        call_command("check_media", *arguments, "--json", stdout=out)
        document = json.loads(out.getvalue())
        assert document["url"].startswith(storage.media_url)
        assert document["hops"]["first"][1]["url"].startswith(live_server.url + path)
        assert keys_of(storage) == set()
    out = io.StringIO()
    call_command("check_media", stdout=out)
    assert out.getvalue().endswith(
        "Not checked: private. Run: manage.py check_media --storage private\n"
    )


@on_moto
def test_files_are_copied_between_two_buckets(two_buckets: tuple[Any, Any], photo: Photo) -> None:
    default, private = two_buckets
    out = io.StringIO()
    call_command("copy_media", "--to", "private", "--json", stdout=out)
    assert json.loads(out.getvalue())["counts"] == {"copied": 1}
    name = str(photo.photo.name)
    assert private.get(name) == default.get(name)
