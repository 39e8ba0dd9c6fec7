"""Videos in a bucket and in private storages, and those that browsers send to the storage."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image

from cinema.models import Clip
from django_shift_media.media.examined_file import ExaminedFile
from django_shift_media.naming.renditions import Poster, Rendition, sign
from django_shift_media.storages.ranged_file import RangedFile
from django_shift_media.storages.selection import media_storage
from tests.support import video_queue
from tests.support.buckets import operations
from tests.support.private_storages import logged_in, private_folder
from tests.support.video_queue import work
from tests.support.videos import probe, video

pytestmark = [pytest.mark.django_db, pytest.mark.server]

WEB = Rendition(height=720)


@pytest.fixture(autouse=True)
def _queue(settings: Any) -> None:
    video_queue.use(settings)


@pytest.fixture
def upload(django_capture_on_commit_callbacks: Any) -> Any:
    def create(file: Any) -> Clip:
        with django_capture_on_commit_callbacks(execute=True):
            return Clip.objects.create(clip=file)

    return create


def test_a_bucket_serves_what_workers_have_made(
    moto_bucket: Any, client: Client, upload: Any
) -> None:
    clip = upload(ContentFile(video(), name="clip.mp4"))
    key = sign(clip.clip.name, WEB)
    url = f"/media/{key}"
    assert client.get(url).status_code == 503
    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "ready"
    response = client.get(url)
    assert (response.status_code, response["Cache-Control"]) == (301, "no-store")
    assert response["Location"] == media_storage().public_url(key)
    head = moto_bucket.client.head_object(Bucket=moto_bucket.bucket_name, Key=key)
    assert head["ContentType"] == "video/mp4"
    assert "immutable" in head["CacheControl"]
    assert probe(media_storage().get(key))["video"]["codec_name"] == "h264"
    poster = media_storage().get(sign(clip.clip.name, Poster()))
    assert Image.open(io.BytesIO(poster)).size == (128, 72)
    clip.clip.delete()
    assert [page for page in media_storage().list_pages("") if page] == []


def test_a_video_that_is_in_the_bucket_already_is_not_downloaded(
    moto_bucket: Any, upload: Any
) -> None:
    storage = media_storage()
    data = video() + bytes(3_000_000)
    key = storage.save("3c72aedc/ba25/41e6/a569/406c8f413974/a.mp4/a.mp4", ContentFile(data))
    file = ExaminedFile(storage, key, name="a.mp4", size=len(data), info=None)
    asked = operations(storage)
    clip = upload(file)
    assert (clip.width, clip.height, clip.duration) == (128, 72, 1.0)
    assert clip.clip.name == key
    assert asked.count("GetObject") <= 8


def test_what_is_made_of_a_private_video_is_private(
    settings: Any, tmp_path: Path, client: Client, upload: Any
) -> None:
    private_folder(settings, tmp_path / "private")  # only the staff may see it
    clip = upload(ContentFile(video(), name="clip.mp4"))
    work()
    staff = logged_in("editor", is_staff=True)
    for made in (WEB, Poster()):
        url = media_storage().public_url(sign(clip.clip.name, made))
        assert client.get(url).status_code == 404
        assert staff.get(url.partition("?")[0]).status_code == 404  # no page has that URL
        response = staff.get(url, headers={"Range": "bytes=0-9"})
        assert response.status_code == 206
        assert response["Cache-Control"].startswith("private")
    media_storage().delete_many([sign(clip.clip.name, WEB)])
    missing = media_storage().public_url(sign(clip.clip.name, WEB))
    assert (client.get(missing).status_code, len(video_queue.jobs)) == (404, 0)
    assert (staff.get(missing).status_code, len(video_queue.jobs)) == (503, 1)


@pytest.mark.parametrize(("start", "end"), [(0, 1000), (10, 20), (999, 1000), (0, 0)])
def test_a_part_of_an_object_reads_as_a_file(tmp_path: Path, start: int, end: int) -> None:
    settings_storage = media_storage()
    data = bytes(number % 251 for number in range(1000))
    key = settings_storage.save("any.bin", ContentFile(data))
    file = RangedFile(settings_storage, key, start, end)
    expected = io.BytesIO(data[start:end])
    for offset, whence in [(0, 0), (5, 0), (-3, 2), (1, 1), (0, 2), (500, 0)]:
        if whence != 2 or end - start >= 3:
            assert file.seek(offset, whence) == expected.seek(offset, whence)
            assert file.read(4) == expected.read(4)
            assert file.tell() == expected.tell()
    file.seek(0)
    assert file.read() == data[start:end]
    settings_storage.delete(key)


@pytest.mark.nightly
def test_every_storage(any_storage: Any, upload: Any) -> None:
    clip = upload(ContentFile(video(), name="clip.mp4"))
    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "ready", clip.clip_state["reason"]
    key = sign(clip.clip.name, WEB)
    data = any_storage.get(key)
    assert probe(data)["video"]["codec_name"] == "h264"
    assert any_storage.read_range(key, 5, 10) == data[5:15]
    assert any_storage.read_range(key, len(data) - 2, 10) == data[-2:]
    assert any_storage.read_range(key, len(data) + 2, 10) == b""
    with pytest.raises(FileNotFoundError):
        any_storage.read_range(sign(clip.clip.name, Poster(at=5)), 0, 1)
    clip.clip.delete()
    assert not any_storage.exists(key)
