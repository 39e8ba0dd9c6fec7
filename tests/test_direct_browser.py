"""Uploads straight to the bucket in Chromium: what people do."""

import re
from typing import Any

import pytest

from gallery.models import Photo
from tests.support.axe import violations
from tests.support.direct_uploads import folders, stored, unfinished
from tests.support.upload_desks import LARGE, LETTER, SMALL, UploadDesk


def test_a_small_file_and_a_large_one(upload_desk: UploadDesk, direct_storage: Any) -> None:
    sent: list[int] = []
    for data in (SMALL, LARGE):
        upload_desk.open()
        upload_desk.choose(data)
        upload_desk.wait_for("Uploaded")
        upload_desk.shoot(f"direct-{len(data)}")
        upload_desk.page.on(
            "request", lambda request: sent.append(len(request.post_data_buffer or b""))
        )
        upload_desk.save()
        assert max(sent) < 10_000
        photo = Photo.objects.first()
        assert photo is not None
        assert direct_storage.get(photo.photo.name) == data
        assert (photo.width, photo.size) == (400, len(data))
    assert unfinished(direct_storage) == []


def test_a_reload_continues_with_the_parts_that_are_missing(
    upload_desk: UploadDesk, direct_storage: Any
) -> None:
    upload_desk.hold_a_part()
    path = upload_desk.folder / "cat.jpg"
    upload_desk.wait_until(lambda: parts_in(direct_storage) == 2, "two parts")
    upload_desk.open()
    assert upload_desk.dialogs == ["beforeunload"]
    upload_desk.release()
    upload_desk.wait_for("To continue the upload of “cat.jpg”")
    upload_desk.shoot("direct-resumable")
    sent: list[str] = []
    upload_desk.page.on("request", lambda request: sent.append(request.url))
    upload_desk.page.set_input_files("[name=photo]", path)
    upload_desk.wait_for("Uploaded")
    numbers = [number for url in sent for number in re.findall("partNumber=([0-9]+)", url)]
    assert numbers == ["2"]
    upload_desk.save()
    assert direct_storage.get(Photo.objects.get().photo.name) == LARGE
    upload_desk.open()
    assert upload_desk.part("text").inner_text() == ""


def parts_in(storage: Any) -> int:
    """Return how many parts the only upload of a bucket has."""
    (upload,) = storage.client.list_multipart_uploads(Bucket=storage.bucket_name)["Uploads"]
    return len(storage.multipart.parts(upload["Key"], upload["UploadId"]))


def test_an_upload_is_kept_by_a_form_with_an_error_elsewhere(
    upload_desk: UploadDesk, direct_storage: Any
) -> None:
    upload_desk.choose(SMALL)
    upload_desk.wait_for("Uploaded")
    upload_desk.page.eval_on_selector("[name=focal_point]", "input => { input.value = 'left'; }")
    upload_desk.submit()
    upload_desk.wait_for("cat.jpg", part="kept")
    upload_desk.shoot("direct-kept")
    upload_desk.page.eval_on_selector("[name=focal_point]", "input => { input.value = ''; }")
    upload_desk.save()
    photo = Photo.objects.get().photo
    assert direct_storage.get(photo.name) == SMALL
    # The page has shown a preview.
    assert folders(direct_storage) == {photo.name.rpartition("/")[0]}


@pytest.mark.nightly
def test_the_submission_waits_for_the_upload(upload_desk: UploadDesk, direct_storage: Any) -> None:
    upload_desk.hold_a_part()
    upload_desk.submit()
    upload_desk.wait_for("The form is sent when the upload is complete.")
    assert "The form is sent" in upload_desk.part("status").inner_text()
    upload_desk.submit()  # a second click changes nothing
    upload_desk.shoot("direct-progress")
    assert not Photo.objects.exists()
    upload_desk.release()
    upload_desk.page.wait_for_url(re.compile("/photo/$"))
    assert Photo.objects.get().size == len(LARGE)
    assert upload_desk.dialogs == []


@pytest.mark.nightly
@pytest.mark.parametrize("state", ["uploading", "paused"])
def test_cancel_leaves_nothing_behind(
    upload_desk: UploadDesk, direct_storage: Any, state: str
) -> None:
    upload_desk.hold_a_part()
    if state == "paused":
        upload_desk.press("Pause")
        upload_desk.wait_for("Paused")
    upload_desk.press("Cancel")
    upload_desk.wait_until(lambda: not unfinished(direct_storage), "abort")
    assert stored(direct_storage) == []
    assert upload_desk.page.locator("[name=photo]").input_value() == ""
    upload_desk.open()
    assert upload_desk.dialogs == [], "nothing is lost by leaving"
    assert upload_desk.part("text").inner_text() == ""


@pytest.mark.nightly
def test_cancel_while_an_upload_begins_leaves_nothing_behind(
    upload_desk: UploadDesk, direct_storage: Any
) -> None:
    begun: list[Any] = []
    upload_desk.page.route("**/uploads/", lambda route: begun.append((route, route.fetch())))
    aborted: list[str] = []
    upload_desk.page.on("response", lambda response: aborted.append(response.url))
    upload_desk.choose(SMALL)
    upload_desk.wait_until(lambda: begun, "an upload")
    assert len(unfinished(direct_storage)) == 1
    upload_desk.press("Cancel")
    [(route, response)] = begun
    route.fulfill(response=response)
    upload_desk.wait_until(lambda: aborted and aborted[-1].endswith("/abort/"), "abort")
    assert stored(direct_storage) == unfinished(direct_storage) == []


@pytest.mark.nightly
def test_assistive_technology_understands_each_state(
    upload_desk: UploadDesk, direct_storage: Any
) -> None:
    upload_desk.hold_a_part()
    upload_desk.choose(b"Dear Sir", "letter.jpg", LETTER)
    upload_desk.wait_for("Uploaded", LETTER)
    require_accessible(upload_desk, "uploading")
    upload_desk.choose(bytes(1_000_001), "letter.txt", LETTER)
    upload_desk.wait_for("too large|1,000,000|976", LETTER, "error")
    require_accessible(upload_desk, "error")


def require_accessible(desk: UploadDesk, name: str) -> None:
    for scheme in ("light", "dark"):
        desk.page.emulate_media(color_scheme=scheme)
        desk.shoot(f"direct-{name}-{scheme}")
        assert not violations(desk.page, "#photo_form")


@pytest.mark.nightly
def test_pause_and_continue_by_keyboard(upload_desk: UploadDesk, direct_storage: Any) -> None:
    upload_desk.hold_a_part()
    keyboard = upload_desk.page.keyboard
    upload_desk.part("pause").focus()
    keyboard.press("Enter")
    upload_desk.wait_for("Paused at")
    assert "Paused" in upload_desk.part("status").inner_text()
    assert focused(upload_desk) == "Continue: cat.jpg"
    upload_desk.release()
    keyboard.press("Space")
    upload_desk.wait_for("Uploaded")
    assert focused(upload_desk) == "Remove: cat.jpg"
    keyboard.press("Enter")
    assert focused(upload_desk) == "photo"
    assert upload_desk.part("text").inner_text() == ""


def focused(desk: UploadDesk) -> str:
    name: str = desk.page.evaluate(
        "document.activeElement.getAttribute('aria-label') || document.activeElement.name"
    )
    return name


@pytest.mark.nightly
def test_a_refused_file_is_an_error_at_the_field(
    upload_desk: UploadDesk, direct_storage: Any
) -> None:
    upload_desk.choose(b"<html>")
    upload_desk.wait_for("We couldn’t process “cat.jpg”", part="error")
    upload_desk.shoot("direct-refused")
    field = upload_desk.page.locator("[name=photo]")
    assert field.get_attribute("aria-invalid") == "true"
    described = field.get_attribute("aria-describedby") or ""
    assert upload_desk.part("error").get_attribute("id") in described.split()
    upload_desk.submit()
    assert upload_desk.page.url.endswith("/add/")
    assert stored(direct_storage) == []
    upload_desk.choose(SMALL)
    upload_desk.wait_for("Uploaded")
    assert field.get_attribute("aria-invalid") is None
    upload_desk.save()


@pytest.mark.nightly
def test_a_refused_file_of_an_optional_field_can_be_removed(
    upload_desk: UploadDesk, direct_storage: Any, monkeypatch: Any
) -> None:
    upload_desk.choose(SMALL)
    upload_desk.wait_for("Uploaded")
    upload_desk.choose(bytes(1_000_001), "letter.txt", LETTER)
    upload_desk.wait_for("too large|1,000,000|976", LETTER, "error")
    upload_desk.press("Remove", "letter.txt")
    upload_desk.save()
    assert not Photo.objects.get().attachment_set.exists()


@pytest.mark.nightly
def test_files_are_dropped_and_pasted(upload_desk: UploadDesk, direct_storage: Any) -> None:
    for event in ("drop", "paste"):
        upload_desk.give(event, {f"{event}.jpg": SMALL})
        upload_desk.wait_for("Uploaded")
        chosen = upload_desk.page.locator(".shift-media-chosen").first
        assert f"{event}.jpg" in chosen.inner_text()


@pytest.mark.nightly
def test_only_images_are_previewed(upload_desk: UploadDesk, direct_storage: Any) -> None:
    upload_desk.choose(SMALL)
    upload_desk.choose(SMALL, "letter.jpg", LETTER)
    upload_desk.wait_for("Uploaded", LETTER)
    sources = upload_desk.page.locator("img").evaluate_all("all => all.map(image => image.src)")
    assert len([source for source in sources if source.startswith("blob:")]) >= 1
    previews = upload_desk.page.locator("shift-media-upload").nth(1).locator("img")
    assert previews.count() == 0


@pytest.mark.nightly
def test_rows_that_a_script_adds_and_two_uploads_at_once(
    upload_desk: UploadDesk, direct_storage: Any
) -> None:
    upload_desk.page.click(".add-row a")
    rows = ["[name=attachment_set-0-file]", "[name=attachment_set-1-file]"]
    for number, field in enumerate(rows):
        upload_desk.choose(b"Dear Sir %d" % number, f"{number}.txt", field)
    upload_desk.choose(LARGE)
    upload_desk.save()
    photo = Photo.objects.get()
    assert photo.size == len(LARGE)
    letters = [attachment.file.read() for attachment in photo.attachment_set.order_by("pk")]
    assert letters == [b"Dear Sir 0", b"Dear Sir 1"]
    assert len(folders(direct_storage)) == 3


@pytest.mark.nightly
def test_the_same_file_in_two_rows_is_two_uploads(
    upload_desk: UploadDesk, direct_storage: Any
) -> None:
    upload_desk.page.click(".add-row a")
    path = upload_desk.file(b"Dear Sir", "letter.txt")
    for field in ("[name=attachment_set-0-file]", "[name=attachment_set-1-file]"):
        upload_desk.page.set_input_files(field, path)
    upload_desk.choose(SMALL)
    upload_desk.save()
    assert (
        len({attachment.file.name for attachment in Photo.objects.get().attachment_set.all()}) == 2
    )


@pytest.mark.nightly
@pytest.mark.parametrize("how", ["row", "reset"])
def test_what_is_taken_from_the_form_is_cancelled(
    upload_desk: UploadDesk, direct_storage: Any, how: str
) -> None:
    upload_desk.page.click(".add-row a")
    upload_desk.hold("**/*partNumber=*")
    upload_desk.choose(b"Dear Sir", "letter.txt", "[name=attachment_set-1-file]")
    upload_desk.wait_until(lambda: upload_desk.held, "a part")
    if how == "row":
        upload_desk.page.click("#attachment_set-1 .inline-deletelink")
    else:
        upload_desk.page.evaluate("document.querySelector('#photo_form').reset()")
    upload_desk.wait_until(lambda: not unfinished(direct_storage), "abort")


@pytest.mark.nightly
def test_leaving_the_page_while_it_is_busy_asks_first(
    upload_desk: UploadDesk, direct_storage: Any
) -> None:
    upload_desk.choose(SMALL)
    upload_desk.wait_for("Uploaded")
    upload_desk.open()
    assert upload_desk.dialogs == []
    upload_desk.hold_a_part()
    upload_desk.page.locator("[name=title]").click()  # browsers ask only who has used the page
    upload_desk.open()
    assert upload_desk.dialogs == ["beforeunload"]
