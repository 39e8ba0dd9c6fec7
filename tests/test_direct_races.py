"""Direct uploads whose requests meet each other, or the end of a process."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import requests
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connections
from django.db.models.signals import pre_save
from django.http import HttpResponse

from django_shift_media.middleware import direct_uploads
from django_shift_media.storages.selection import media_storage
from django_shift_media.uploads.accepted import file_for
from django_shift_media.uploads.reservations import reserve, reserving
from django_shift_media.uploads.tokens import Upload
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.buckets import new_bucket
from tests.support.direct_uploads import LABEL, LiveUploader, Uploader, request_of, stored
from tests.support.forms import form_data
from tests.support.galleries import MANAGE, environment, gunicorn
from tests.support.waiting import PATIENCE, wait_until

JPEG = draw_photo(400, 300)
IN_USE = "Another request is saving this upload."
PASSWORD = "correct horse battery staple"


pytestmark = pytest.mark.usefixtures("direct_photos")


def send_form(uploader: Uploader, value: str, **fields: str) -> Any:
    data = form_data(**{"photo-upload": value, **fields})
    return uploader.client.post("/admin/gallery/photo/add/", data)


def test_of_two_forms_that_are_sent_at_once_one_gets_the_upload(
    transactional_db: None, most_databases: None, uploader: Uploader
) -> None:
    value = uploader.upload(JPEG).body["value"]
    saving, answered = Event(), Event()

    def wait(**_: Any) -> None:
        if not saving.is_set():
            saving.set()
            answered.wait(PATIENCE)

    def send() -> Any:
        try:
            return send_form(uploader, value)
        finally:
            connections.close_all()

    pre_save.connect(wait, sender=Photo)
    try:
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(send)
            wait_until(saving.is_set, "the first form")
            second = send_form(uploader, value)
            answered.set()
            assert first.result().status_code == 302
    finally:
        answered.set()
        pre_save.disconnect(wait, sender=Photo)
    assert IN_USE in second.content.decode()
    assert stored(media_storage()) == [Photo.objects.get().photo.name]
    assert "no longer valid" in send_form(uploader, value).content.decode()


def test_a_form_with_an_error_elsewhere_gives_the_upload_back(db: None, uploader: Uploader) -> None:
    value = uploader.upload(JPEG).body["value"]
    assert send_form(uploader, value, focal_point="left").status_code == 200
    assert send_form(uploader, value).status_code == 302


def test_an_asynchronous_request_gives_the_upload_back(db: None, uploader: Uploader) -> None:
    value = uploader.upload(JPEG).body["value"]

    async def view(request: Any) -> HttpResponse:
        file = await sync_to_async(file_for)(value, LABEL, uploader.owner)
        assert not reserve_elsewhere(file.key)
        return HttpResponse(file.key)

    middleware = direct_uploads(view)
    for _ in range(2):
        key = async_to_sync(middleware)(request_of(uploader)).content.decode()
        assert reserve_elsewhere(key)


def reserve_elsewhere(key: str) -> bool:
    """Say whether another request can reserve an upload; give it back."""
    with reserving() as reservations:
        try:
            return reserve(media_storage(), key)
        finally:
            reservations.release()


def test_a_process_that_ends_before_it_deletes_the_parts(db: None, uploader: Uploader) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    uploader.send(upload, JPEG)
    parts = Path(media_storage().path(".uploads")) / Upload.unsign(upload).id
    shutil.copytree(parts, parts.parent / "copy")
    assert uploader.post("complete/", upload=upload).status == 200
    (parts.parent / "copy").rename(parts)
    assert uploader.post("complete/", upload=upload).status == 200
    assert stored(media_storage()) == [Upload.unsign(upload).key]
    assert not parts.exists()


@pytest.mark.nightly
@pytest.mark.server
@pytest.mark.parametrize("server", [None, "moto", "ceph"])
def test_a_process_that_is_killed_before_it_answers(
    running: Any, settings: Any, tmp_path: Path, server: str | None
) -> None:
    """The upload is complete by then, and the browser asks again."""
    on_s3: list[Any] = []
    if server:
        on_s3 = [running(server), new_bucket(settings, running(server)).bucket_name]
    variables = {"DJANGO_SUPERUSER_USERNAME": "ann", "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    variables |= {"DJANGO_SETTINGS_MODULE": "tests.support.deadly_settings"}
    site = environment(tmp_path, *on_s3, GALLERY_DIRECT="1", **variables)
    for command in (["migrate"], ["createsuperuser", "--no-input", "--email", "a@b.example"]):
        manage = [sys.executable, str(MANAGE), *command]
        subprocess.run(manage, env=site, check=True, capture_output=True)
    with gunicorn(site, workers=1, threads=2) as workers:
        uploader = LiveUploader(workers.url, PASSWORD)
        upload = uploader.begin(JPEG).body["upload"]
        uploader.send(upload, JPEG)
        (tmp_path / "die").touch()
        with pytest.raises(requests.ConnectionError):
            uploader.post("complete/", upload=upload)
        assert not (tmp_path / "die").exists()
        answer = uploader.post("complete/", upload=upload)
        assert (answer.status, answer.body["width"]) == (200, 400)
        assert send_live(uploader, answer.body["value"]) == 302
        assert send_live(uploader, answer.body["value"]) == 200, "the value is used"


def send_live(uploader: LiveUploader, value: str) -> int:
    data = form_data(**{"photo-upload": value})
    return uploader.submit("/admin/gallery/photo/add/", data).status_code
