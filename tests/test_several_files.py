"""``MultipleMediaFormField``: several files in one field of a form."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from django_shift_media.forms import MultipleMediaFormField
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.direct_uploads import Uploader, folders, stored, unfinished
from tests.support.upload_desks import SMALL, UploadDesk
from tests.support.waiting import wait_until

PHOTOS = [draw_photo(100 + number, 80, seed=number) for number in range(3)]
URLS = override_settings(ROOT_URLCONF="tests.support.urls_of_an_album")
INPUT = ".shift-media-uploads-choose input"
ROW = ".shift-media-uploads-rows shift-media-upload"


@pytest.fixture(autouse=True)
def _urls() -> Any:
    with URLS:
        yield


def post(uploader: Uploader, path: str = "album", **values: Any) -> Any:
    return uploader.client.post(f"/{path}/", {"title": "Cats", **values})


def chosen(*photos: bytes) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(f"{n}.jpg", photo) for n, photo in enumerate(photos)]


def widths() -> list[int | None]:
    return [photo.width for photo in Photo.objects.order_by("pk")]


@pytest.mark.parametrize("path", ["album", "plain-album"])
def test_a_form_takes_several_files(uploader: Uploader, path: str) -> None:
    assert post(uploader, path, photos=chosen(*PHOTOS)).status_code == 302
    assert widths() == [100, 101, 102]


def test_a_form_takes_files_that_the_storage_has_and_others(uploader: Uploader) -> None:
    values = [uploader.upload(photo).body["value"] for photo in PHOTOS[:2]]
    answer = post(uploader, **{"photos-upload": values, "photos": chosen(PHOTOS[2])})
    assert answer.status_code == 302
    assert sorted(widths()) == [100, 101, 102]
    assert sorted(stored(media_storage())) == sorted(Photo.objects.values_list("photo", flat=True))


def test_a_value_that_is_sent_twice_is_one_file(uploader: Uploader) -> None:
    value = uploader.upload(SMALL).body["value"]
    assert post(uploader, **{"photos-upload": [value, value]}).status_code == 302
    assert widths() == [400]


def test_each_refused_file_has_a_message_and_nothing_is_stored(uploader: Uploader) -> None:
    files = [*chosen(PHOTOS[0]), *(SimpleUploadedFile(f"{n}.jpg", b"<html>") for n in "ab")]
    page = post(uploader, photos=files).content.decode()
    assert "“a.jpg”" in page
    assert "“b.jpg”" in page
    assert not Photo.objects.exists()


def test_a_form_with_an_error_elsewhere_keeps_what_was_uploaded(uploader: Uploader) -> None:
    values = [uploader.upload(photo, f"my {n}.jpg").body["value"] for n, photo in enumerate(PHOTOS)]
    page = post(uploader, title="", **{"photos-upload": [*values, "forged"]}).content.decode()
    kept = re.findall(r'name="photos-upload" value="([^"]+)"', page)
    assert kept == values
    assert "my 2.jpg" in page
    assert "required" not in page[page.index('type="file"') :].partition(">")[0]
    assert post(uploader, **{"photos-upload": kept}).status_code == 302
    assert len(widths()) == 3


def test_the_value_of_another_user_is_refused(uploader: Uploader, stranger: Uploader) -> None:
    values = [person.upload(SMALL).body["value"] for person in (uploader, stranger)]
    page = post(uploader, **{"photos-upload": values}).content.decode()
    assert "The upload is no longer valid" in page
    assert not Photo.objects.exists()


def test_without_a_user_it_is_a_plain_file_input(client: Any, db: None) -> None:
    page = client.get("/album/").content.decode()
    assert "shift-media-uploads" not in page
    assert re.search(r'<input type="file"[^>]* multiple', page)


@pytest.mark.parametrize("required", [True, False])
def test_no_file_at_all(required: bool) -> None:
    field = MultipleMediaFormField(required=required)
    if required:
        with pytest.raises(Exception, match="This field is required"):
            field.clean([])
    else:
        assert field.clean([]) == []
    assert not field.has_changed(None, [])


# -- in Chromium --------------------------------------------------------------------------------


@pytest.fixture
def album(upload_desk: UploadDesk) -> UploadDesk:
    upload_desk.open("/album/")
    return upload_desk


def wait_for_rows(album: UploadDesk, count: int, text: str = "Uploaded") -> None:
    texts = album.page.locator(f"{ROW} .shift-media-upload-text")
    wait_until(
        lambda: [text in found for found in texts.all_inner_texts()] == [True] * count,
        lambda: f"{count} rows: {texts.all_inner_texts()}",
    )


def save(album: UploadDesk) -> None:
    album.page.get_by_role("button", name="Save").click()
    album.page.wait_for_url("**/album/saved/")


def test_several_files_are_chosen_dropped_and_pasted(
    album: UploadDesk, direct_storage: Any
) -> None:
    album.page.set_input_files(INPUT, [album.file(data, "0.jpg") for data in PHOTOS[:1]])
    album.give("drop", {"1.jpg": PHOTOS[1], "broken.jpg": b"<html>"}, "shift-media-uploads")
    album.give("paste", {"2.jpg": PHOTOS[2], "3.jpg": SMALL}, "shift-media-uploads")
    album.page.locator(".shift-media-upload-error", has_text="“broken.jpg”").wait_for()
    album.page.get_by_role("button", name="Remove: broken.jpg").click()
    album.page.get_by_role("button", name="Remove: 3.jpg").click()
    wait_for_rows(album, 3)
    album.shoot("direct-several")
    bodies: list[bytes] = []
    album.page.on("request", lambda request: bodies.append(request.post_data_buffer or b""))
    save(album)
    assert sorted(widths(), key=str) == [100, 101, 102]
    assert b"JFIF" not in b"".join(bodies), "the app gets no file"


@pytest.mark.nightly
def test_many_files_take_turns(album: UploadDesk, direct_storage: Any) -> None:
    album.hold("**/*partNumber=*")
    paths = [album.file(draw_photo(50 + n, 40, seed=n), f"{n}.jpg") for n in range(25)]
    album.page.set_input_files(INPUT, paths)
    album.wait_until(lambda: len(album.held) == 3, "three files")
    wait_for_queue = album.page.locator(f"{ROW} .shift-media-upload-text")
    assert wait_for_queue.all_inner_texts().count("Waiting for other uploads…") == 22
    assert len(unfinished(direct_storage)) == 3
    album.shoot("direct-queue")
    album.page.get_by_role("button", name="Cancel: 24.jpg").click()
    album.page.get_by_role("button", name="Cancel: 0.jpg").click()
    album.release()
    save(album)
    assert sorted(widths(), key=str) == list(range(51, 74))


@pytest.mark.nightly
def test_files_that_could_not_be_sent_go_with_the_form(
    album: UploadDesk, direct_storage: Any
) -> None:
    album.page.route("**/parts/", lambda route: route.fulfill(status=400))
    album.page.set_input_files(INPUT, [album.file(PHOTOS[0], "0.jpg")])
    album.page.locator(".shift-media-upload-error", has_text="The upload failed").wait_for()
    album.page.unroute("**/parts/")
    album.page.set_input_files(INPUT, [album.file(PHOTOS[1], "1.jpg")])
    album.page.locator(".shift-media-upload-text", has_text="Uploaded").wait_for()
    save(album)
    assert sorted(widths(), key=str) == [100, 101]
    assert len(folders(direct_storage)) == 2


@pytest.mark.nightly
def test_a_form_with_an_error_shows_the_rows_again(album: UploadDesk, direct_storage: Any) -> None:
    paths = [album.file(photo, f"{n}.jpg") for n, photo in enumerate(PHOTOS)]
    album.page.set_input_files(INPUT, paths)
    wait_for_rows(album, 3)
    album.page.fill("[name=title]", "  ab")
    album.page.evaluate("document.forms[0].noValidate = true")
    album.page.get_by_role("button", name="Save").click()
    kept = album.page.locator(".shift-media-upload-kept")
    wait_until(lambda: kept.count() == 3, "kept rows")
    album.shoot("direct-several-kept")
    kept.first.get_by_role("button", name="Remove").click()
    album.page.set_input_files(INPUT, [album.file(SMALL, "3.jpg")])
    album.page.locator(".shift-media-upload-text", has_text="Uploaded").wait_for()
    album.page.fill("[name=title]", "Dogs")
    save(album)
    assert sorted(widths(), key=str) == [101, 102, 400]


@pytest.mark.nightly
def test_without_javascript(
    direct_storage: Any, chromium: Any, live_server: Any, admin_client: Any, tmp_path: Any
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    cookie = {"name": "sessionid", "value": admin_client.cookies["sessionid"].value}
    context.add_cookies([{**cookie, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/album/")
    paths = [tmp_path / f"{n}.jpg" for n in range(3)]
    for path, photo in zip(paths, PHOTOS, strict=True):
        path.write_bytes(photo)
    page.set_input_files(INPUT, paths)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/album/saved/")
    context.close()
    assert widths() == [100, 101, 102]
