"""Uploads straight to the bucket in Chromium: what goes wrong on the way."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gallery.models import Attachment, Photo
from tests.support.direct_uploads import folders, unfinished
from tests.support.policy_reports import collecting_reports
from tests.support.upload_desks import (
    LARGE,
    LETTER,
    SMALL,
    UploadDesk,
    allow_uploads_to,
    cut,
    failing,
)
from tests.support.waiting import wait_until

pytestmark = pytest.mark.nightly
PARTS = "**/*partNumber=*"


@pytest.fixture
def desk(upload_desk: UploadDesk) -> UploadDesk:
    return upload_desk


def save_large(desk: UploadDesk, storage: Any) -> None:
    desk.wait_for("Uploaded")
    desk.save()
    photo = Photo.objects.get()
    assert storage.get(photo.photo.name) == LARGE
    assert folders(storage) == {photo.photo.name.rpartition("/")[0]}
    assert unfinished(storage) == []


def test_a_connection_that_is_cut_in_the_middle_of_a_part(
    desk: UploadDesk, direct_storage: Any
) -> None:
    desk.hold_a_part()
    desk.go_offline()
    desk.release()
    desk.wait_for("interrupted")
    assert "interrupted" in desk.part("status").inner_text()
    desk.shoot("direct-interrupted")
    desk.go_offline(offline=False)
    save_large(desk, direct_storage)


@pytest.mark.parametrize("step", ["uploads/", "parts/", "complete/"])
def test_a_response_of_the_app_that_is_lost(
    desk: UploadDesk, direct_storage: Any, step: str
) -> None:
    left = desk.sabotage(f"**/{step}", cut)
    desk.choose(SMALL)
    desk.wait_for("Uploaded")
    assert not left
    desk.save()
    assert direct_storage.get(Photo.objects.get().photo.name) == SMALL


@pytest.mark.parametrize("step", ["uploads/", "parts/", "complete/"])
def test_a_response_of_the_app_that_is_cut_short(
    desk: UploadDesk, direct_storage: Any, step: str
) -> None:
    left = desk.sabotage(f"**/{step}", failing(200, '{"value": "'))
    desk.choose(SMALL)
    desk.wait_for("Uploaded")
    assert not left
    desk.save()
    assert direct_storage.get(Photo.objects.get().photo.name) == SMALL


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_the_app_and_the_storage_are_asked_again(
    desk: UploadDesk, direct_storage: Any, status: int
) -> None:
    left = [
        desk.sabotage(pattern, failing(status), failing(status))
        for pattern in ("**/uploads/", "**/parts/", "**/complete/", PARTS)
    ]
    desk.choose(SMALL)
    desk.wait_for("Uploaded")
    assert left == [[], [], [], []]
    desk.save()
    assert direct_storage.get(Photo.objects.get().photo.name) == SMALL


def test_an_error_that_stays_is_shown_and_the_form_sends_the_file(
    desk: UploadDesk, direct_storage: Any
) -> None:
    desk.page.route("**/parts/", failing(400))
    desk.choose(SMALL)
    desk.wait_for("The upload failed", part="error")
    desk.shoot("direct-failed")
    desk.save()
    assert direct_storage.get(Photo.objects.get().photo.name) == SMALL


def test_urls_that_expire_are_asked_for_again(
    desk: UploadDesk, direct_storage: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("django_shift_media.uploads.views._URL_SECONDS", 1)
    sent: list[str] = []
    desk.page.on("request", lambda request: sent.append(request.url))
    desk.hold(PARTS)
    desk.choose(LARGE)
    desk.wait_until(lambda: len(desk.held) == 3, "three parts")
    expired = timezone.now() + timedelta(seconds=2)
    wait_until(lambda: timezone.now() > expired, "the URLs to expire")
    monkeypatch.setattr("django_shift_media.uploads.views._URL_SECONDS", 900)
    sent.clear()
    desk.release()
    save_large(desk, direct_storage)
    assert any(url.endswith("/parts/") for url in sent), "the storage has refused the first URLs"


def test_a_page_that_is_older_than_its_token(
    desk: UploadDesk, direct_storage: Any, monkeypatch: Any
) -> None:
    desk.hold_a_part()
    desk.press("Pause")
    desk.wait_for("Paused")
    later = (timezone.now() + timedelta(days=1, minutes=1)).timestamp()
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    desk.release()
    desk.press("Continue")
    desk.wait_for("This page has been open for too long", part="error")
    desk.shoot("direct-expired")
    desk.save()
    assert direct_storage.get(Photo.objects.get().photo.name) == LARGE


def test_an_upload_that_expires_in_a_page_that_does_not(
    desk: UploadDesk, direct_storage: Any, monkeypatch: Any
) -> None:
    desk.hold_a_part()
    desk.press("Pause")
    desk.wait_for("Paused")
    later = (timezone.now() + timedelta(days=1, minutes=1)).timestamp()
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    desk.open()
    desk.release()
    desk.page.set_input_files("[name=photo]", desk.folder / "cat.jpg")
    desk.wait_for("Uploaded")
    desk.save()
    assert direct_storage.get(Photo.objects.get().photo.name) == LARGE


def test_parts_that_something_else_has_deleted_are_sent_again(
    desk: UploadDesk, direct_storage: Any
) -> None:
    desk.hold_a_part()
    (upload,) = direct_storage.client.list_multipart_uploads(Bucket=direct_storage.bucket_name)[
        "Uploads"
    ]
    direct_storage.multipart.abort(upload["Key"], upload["UploadId"])
    desk.release()
    save_large(desk, direct_storage)


def test_a_file_that_changes_while_it_is_sent(desk: UploadDesk, direct_storage: Any) -> None:
    desk.hold_a_part()
    desk.press("Pause")
    desk.wait_for("Paused")
    path = desk.file(LARGE + b"more", "cat.jpg")
    desk.release()
    desk.press("Continue")
    desk.wait_for("The file has changed since you chose it", part="error")
    desk.wait_until(lambda: not unfinished(direct_storage), "abort")
    desk.submit()
    assert desk.page.url.endswith("/add/")
    desk.page.set_input_files("[name=photo]", path)
    desk.wait_for("Uploaded")
    desk.save()
    assert Photo.objects.get().size == len(LARGE) + 4


def test_the_names_of_uploads_are_not_shown_to_another_user(
    desk: UploadDesk, direct_storage: Any, live_server: Any, django_user_model: Any, client: Any
) -> None:
    desk.hold_a_part()
    client.force_login(django_user_model.objects.create_superuser("other"))
    desk.open()
    desk.wait_for("To continue the upload of “cat.jpg”")
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    desk.context.add_cookies([{**cookie, "url": live_server.url}])
    desk.open()
    desk.release()
    desk.choose(SMALL, "other.jpg")
    desk.wait_for("Uploaded")
    desk.open()
    assert desk.part("text").inner_text() == ""


def test_a_violation_of_the_policy_is_noticed(desk: UploadDesk, direct_storage: Any) -> None:
    """The other tests say that there are none."""
    desk.page.evaluate("document.body.setAttribute('style', 'color: red')")
    desk.wait_until(lambda: desk.complaints, "a complaint")
    desk.complaints.clear()


def test_a_strict_policy_reports_nothing(
    desk: UploadDesk, direct_storage: Any, settings: Any
) -> None:
    with collecting_reports() as (url, reports):
        endpoint = direct_storage.client.meta.endpoint_url
        allow_uploads_to(settings, endpoint, direct_storage, report=url)
        desk.open()
        desk.choose(SMALL)
        desk.wait_for("Uploaded")
        desk.page.locator("img[src^='blob:']").first.wait_for()
        desk.page.evaluate("fetch('http://127.0.0.1:9/').catch(() => {})")
        desk.wait_until(lambda: reports, "the report of a violation")
        assert [report["blocked-uri"] for report in reports] == ["http://127.0.0.1:9/"]
        desk.complaints.clear()


@pytest.mark.parametrize("size", [1_000, 300_000_000])
def test_other_sizes(desk: UploadDesk, direct_storage: Any, monkeypatch: Any, size: int) -> None:
    monkeypatch.setattr(Attachment._meta.get_field("file"), "max_bytes", None)
    desk.open()
    path = desk.folder / "letter.bin"
    with path.open("wb") as file:
        file.truncate(size)
    desk.choose(SMALL)
    desk.page.set_input_files(LETTER, path)
    desk.wait_for("Uploaded", LETTER)
    desk.save()
    attachment = Attachment.objects.get()
    assert attachment.file_size == size
    assert direct_storage.open(attachment.file.name).size == size
