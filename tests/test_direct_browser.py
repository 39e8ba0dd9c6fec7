"""Uploads straight to the bucket in Chromium."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.buckets import use_bucket
from tests.support.direct_uploads import stored, unfinished
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.browser]
SMALL = draw_photo(400, 300)
# Decoders stop at the end of the picture.
LARGE = SMALL + bytes(20_000_000 - len(SMALL))
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: {media};"
    " connect-src 'self' {bucket}; form-action 'self'"
)
TEXT = ".shift-media-upload-text"


@pytest.fixture
def storage(settings: Any, running: Any, live_server: Any, monkeypatch: Any) -> Any:
    monkeypatch.setattr(Photo._meta.get_field("photo"), "direct", True)
    server = running("ceph")
    storage = use_bucket(settings, server)
    call_command(
        "configure_media_bucket",
        "--create",
        "--no-input",
        *("--app-url", live_server.url, "--uploads", live_server.url),
    )
    settings.GALLERY_POLICY = POLICY.format(bucket=server.endpoint_url, media=storage.media_url)
    return storage


class Desk:
    """The page of the admin that adds a photo."""

    def __init__(self, context: Any, site: str) -> None:
        self.context, self.site = context, site
        self.complaints: list[str] = []
        self.page = context.new_page()
        self.network = context.new_cdp_session(self.page)
        self.network.send("Network.enable")
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self.note)
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.open()

    def note(self, message: Any) -> None:
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def open(self) -> None:
        self.page.goto(f"{self.site}/admin/gallery/photo/add/", wait_until="load")

    def choose(self, data: bytes, name: str = "cat.jpg") -> None:
        file = {"name": name, "mimeType": "image/jpeg", "buffer": data}
        self.page.set_input_files("[name=photo]", file)

    def choose_stored(self, path: Path) -> None:
        self.page.set_input_files("[name=photo]", path)

    def wait_for(self, text: str) -> None:
        self.page.locator(TEXT, has_text=re.compile(text)).wait_for()

    def save(self) -> None:
        self.page.click("input[name=_save]")
        self.page.wait_for_url(re.compile("/photo/$"))

    def limit(self, bytes_per_second: int, *, offline: bool = False) -> None:
        conditions = {
            "offline": offline,
            "latency": 5,  # milliseconds
            "downloadThroughput": -1,
            "uploadThroughput": bytes_per_second,
        }
        self.network.send("Network.emulateNetworkConditions", conditions)

    def shoot(self, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=Path(folder, f"{name}.png"))


@pytest.fixture
def desk(storage: Any, chromium: Any, live_server: Any, admin_client: Any) -> Iterator[Desk]:
    context = chromium.new_context()
    cookie = {"name": "sessionid", "value": admin_client.cookies["sessionid"].value}
    context.add_cookies([{**cookie, "url": live_server.url}])
    desk = Desk(context, live_server.url)
    yield desk
    context.close()
    assert desk.complaints == []


def test_a_small_file_and_a_large_one(desk: Desk, storage: Any) -> None:
    sent: list[int] = []
    for data in (SMALL, LARGE):
        desk.open()
        desk.choose(data)
        desk.wait_for("Uploaded")
        desk.shoot(f"direct-{len(data)}")
        desk.page.on("request", lambda request: sent.append(len(request.post_data_buffer or b"")))
        desk.save()
        assert max(sent) < 10_000
        photo = Photo.objects.first()
        assert photo is not None
        assert storage.get(photo.photo.name) == data
        assert (photo.width, photo.size) == (400, len(data))
    assert unfinished(storage) == []


@pytest.mark.nightly
def test_the_submission_waits_for_the_upload(desk: Desk, storage: Any) -> None:
    desk.limit(8_000_000)
    desk.choose(LARGE)
    desk.wait_for("left")
    desk.shoot("direct-progress")
    desk.save()
    assert Photo.objects.get().size == len(LARGE)


@pytest.mark.nightly
def test_a_connection_that_is_cut_in_the_middle_of_a_part(desk: Desk, storage: Any) -> None:
    desk.limit(8_000_000)
    desk.choose(LARGE)
    desk.wait_for("left")
    desk.limit(8_000_000, offline=True)
    desk.wait_for("interrupted")
    desk.shoot("direct-interrupted")
    desk.limit(-1)
    desk.wait_for("Uploaded")
    desk.save()
    assert storage.get(Photo.objects.get().photo.name) == LARGE


@pytest.mark.nightly
def test_cancel_leaves_nothing_behind(desk: Desk, storage: Any) -> None:
    desk.limit(4_000_000)
    desk.choose(LARGE)
    desk.wait_for("left")
    desk.page.get_by_role("button", name="Cancel").click()
    wait_until(lambda: not unfinished(storage), "abort")
    assert stored(storage) == []
    assert desk.page.locator("[name=photo]").input_value() == ""


def test_a_reload_continues_with_the_parts_that_are_missing(
    desk: Desk, storage: Any, tmp_path: Path
) -> None:
    path = tmp_path / "cat.jpg"
    path.write_bytes(LARGE)
    desk.page.route("**/*partNumber=2&*", lambda route: route.abort())
    desk.choose_stored(path)
    desk.wait_for("interrupted")
    (upload,) = unfinished(storage)
    wait_until(lambda: len(storage.multipart.parts(key_of(storage), upload)) == 2, "two parts")
    desk.open()
    desk.page.unroute("**/*partNumber=2&*")
    desk.wait_for("To continue the upload of “cat.jpg”")
    desk.shoot("direct-resumable")
    sent: list[str] = []
    desk.page.on(
        "request", lambda request: sent.append(request.url) if "partNumber" in request.url else None
    )
    desk.choose_stored(path)
    desk.wait_for("Uploaded")
    assert [re.findall("partNumber=([0-9]+)", url) for url in sent] == [["2"]]
    desk.save()
    assert storage.get(Photo.objects.get().photo.name) == LARGE


def key_of(storage: Any) -> str:
    listed = storage.client.list_multipart_uploads(Bucket=storage.bucket_name)
    key: str = listed["Uploads"][0]["Key"]
    return key


@pytest.mark.nightly
def test_a_refused_file_is_an_error_at_the_field(desk: Desk, storage: Any) -> None:
    desk.choose(b"<html>")
    error = desk.page.locator(".shift-media-upload-error")
    error.filter(has_text="We couldn’t process “cat.jpg”").wait_for()
    desk.shoot("direct-refused")
    desk.page.click("input[name=_save]")
    assert desk.page.url.endswith("/add/")
    assert stored(storage) == []
    desk.choose(SMALL)
    desk.wait_for("Uploaded")
    desk.save()


def test_an_upload_is_kept_by_a_form_with_an_error_elsewhere(desk: Desk, storage: Any) -> None:
    desk.choose(SMALL)
    desk.wait_for("Uploaded")
    desk.page.eval_on_selector("[name=focal_point]", "input => { input.value = 'left'; }")
    desk.page.click("input[name=_save]")
    desk.page.locator(".shift-media-upload-kept", has_text="cat.jpg").wait_for()
    desk.shoot("direct-kept")
    desk.page.eval_on_selector("[name=focal_point]", "input => { input.value = ''; }")
    desk.save()
    photo = Photo.objects.get().photo
    assert storage.get(photo.name) == SMALL
    # The page has shown a preview.
    assert {key.rpartition("/")[0] for key in stored(storage)} == {photo.name.rpartition("/")[0]}


@pytest.mark.nightly
def test_files_are_dropped_and_pasted(desk: Desk, storage: Any) -> None:
    for event in ("drop", "paste"):
        desk.page.evaluate(
            """([type, bytes]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], `${type}.jpg`));
                const element = document.querySelector("shift-media-upload");
                const init = { bubbles: true, cancelable: true };
                element.dispatchEvent(type === "drop"
                    ? new DragEvent(type, { ...init, dataTransfer: data })
                    : new ClipboardEvent(type, { ...init, clipboardData: data }));
            }""",
            [event, list(SMALL)],
        )
        desk.wait_for("Uploaded")
        assert f"{event}.jpg" in desk.page.locator(".shift-media-chosen").first.inner_text()
