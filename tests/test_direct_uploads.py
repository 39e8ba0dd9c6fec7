"""Uploads straight to the storage: the steps, and whoever forges them."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from django_shift_media.storages.multipart import MAX_SIZE, expected_parts, part_size_for
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.buckets import new_bucket, operations
from tests.support.direct_uploads import Uploader, stored, unfinished

pytestmark = pytest.mark.django_db
JPEG = draw_photo(400, 300)
MIB = 1024**2


@pytest.fixture(params=["local", "moto", "ceph", "ministack"])
def storage(request: Any, settings: Any, running: Any) -> Any:
    """Local disk and each S3 server that has multipart uploads; s3rver has none."""
    if request.param == "local":
        return media_storage()
    return new_bucket(settings, running(request.param), location="some/where")


@pytest.fixture(params=["local", "ceph", "ministack"])
def strict_storage(request: Any, settings: Any, running: Any) -> Any:
    """The storages that enforce what is signed; moto does not."""
    if request.param == "local":
        return media_storage()
    return new_bucket(settings, running(request.param))


def test_a_file_in_one_part_is_stored_and_examined(storage: Any, uploader: Uploader) -> None:
    answer = uploader.upload(JPEG, "Größe.jpg")
    assert answer.status == 200
    assert {**answer.body, "value": ""} == {
        "value": "",
        "name": "Größe.jpg",
        "size": len(JPEG),
        "width": 400,
        "height": 300,
    }
    (key,) = stored(storage)
    assert storage.get(key) == JPEG
    assert unfinished(storage) == []


def test_a_file_in_several_parts_is_put_together(storage: Any, uploader: Uploader) -> None:
    uploader = Uploader(uploader.client, User.objects.get(), kind="any")
    data = bytes(range(256)) * (17 * MIB // 256)
    assert uploader.upload(data, "a.bin").status == 200
    (key,) = stored(storage)
    assert storage.get(key) == data


def test_headers_are_those_of_an_upload_through_the_app(
    running: Any, settings: Any, uploader: Uploader
) -> None:
    storage = new_bucket(settings, running("moto"))
    uploader.upload(JPEG, "Größe.jpg")
    Photo.objects.create(photo=ContentFile(JPEG, name="Größe.jpg"))
    names = ("ContentType", "CacheControl", "ContentDisposition")
    first, second = (
        storage.client.head_object(Bucket=storage.bucket_name, Key=key) for key in stored(storage)
    )
    assert [first[name] for name in names] == [second[name] for name in names]


def test_an_upload_costs_the_requests_of_the_page_on_costs(
    running: Any, settings: Any, uploader: Uploader
) -> None:
    storage = new_bucket(settings, running("moto"))
    upload = uploader.begin(JPEG).body["upload"]
    uploader.send(upload, JPEG)
    asked = operations(storage)
    assert uploader.post("complete/", upload=upload).status == 200
    # Before: CreateMultipartUpload, and UploadPart by the browser.
    assert asked == ["ListParts", "CompleteMultipartUpload", "GetObject", "HeadObject"]


def test_no_checksum_is_asked_for_that_browsers_do_not_send(
    running: Any, settings: Any, uploader: Uploader
) -> None:
    storage = new_bucket(settings, running("moto"))
    headers: list[str] = []
    storage.client.meta.events.register(
        "before-send.s3.CreateMultipartUpload", lambda request, **_: headers.extend(request.headers)
    )
    url = uploader.url(uploader.begin(JPEG).body["upload"])
    assert headers
    assert not [name for name in [*headers, url] if "checksum" in name.lower()]


def test_the_content_decides_the_extension(storage: Any, uploader: Uploader) -> None:
    answer = uploader.upload(draw_photo(40, 30, format="PNG"), "cat.jpg")
    assert answer.status == 200
    (key,) = stored(storage)
    assert key.endswith("/cat.png/cat.png")


@pytest.mark.parametrize(
    ("size", "part_size", "count"),
    [
        (1, 8 * MIB, 1),
        (8 * MIB, 8 * MIB, 1),
        (8 * MIB + 1, 8 * MIB, 2),
        (80_000 * MIB, 8 * MIB, 10_000),
        (80_000 * MIB + 1, 8 * MIB + 1, 10_000),
        (MAX_SIZE, 549_755_814, 10_000),
    ],
)
def test_parts_stay_within_the_limits_of_s3(size: int, part_size: int, count: int) -> None:
    parts = expected_parts(size)
    assert part_size_for(size) == part_size <= 5 * 1024**3
    assert len(parts) == count
    assert [part.number for part in parts] == list(range(1, count + 1))
    assert sum(part.size for part in parts) == size
    assert {part.size for part in parts[:-1]} <= {part_size}


# -- what is refused, with nothing left behind ----------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 100_000_001}, "“cat.jpg” is too large: The file has 100,000,001 bytes"),
        ({"type": "text/html"}, "“cat.jpg”: This is not an image in an accepted format."),
        ({"size": 0}, "The submitted file is empty."),
    ],
)
def test_what_the_form_would_refuse_is_refused_before_it_is_sent(
    uploader: Uploader, values: dict[str, Any], message: str
) -> None:
    answer = uploader.begin(JPEG, **values)
    assert answer.status == 422
    assert message.removeprefix("“cat.jpg”: ") in answer.body["error"]
    assert unfinished(media_storage()) == []


@pytest.mark.parametrize(
    "data",
    [b"<html><script>alert(1)</script>", JPEG[:200], JPEG[:20] + bytes(500)],
    ids=["html", "truncated", "damaged"],
)
def test_a_file_that_lies_is_deleted(storage: Any, uploader: Uploader, data: bytes) -> None:
    answer = uploader.upload(data)
    assert answer.status == 422
    assert "We couldn’t process “cat.jpg”" in answer.body["error"]
    assert stored(storage) == unfinished(storage) == []


def test_a_part_of_another_length_is_refused(strict_storage: Any, uploader: Uploader) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    url = uploader.url(upload)
    for data in (JPEG + b"x", JPEG[:-1], b""):
        assert uploader.put(url, data) in {403, 411}
    assert uploader.post("complete/", upload=upload).status == 409
    assert uploader.post("abort/", upload=upload).status == 204
    assert stored(strict_storage) == unfinished(strict_storage) == []


def test_parts_are_refused_once_the_upload_is_complete(
    strict_storage: Any, uploader: Uploader
) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    url = uploader.url(upload)
    assert uploader.put(url, JPEG) == 200
    assert uploader.post("complete/", upload=upload).status == 200
    assert uploader.put(url, bytes(len(JPEG))) == 404
    (key,) = stored(strict_storage)
    assert strict_storage.get(key) == JPEG


def test_parts_are_refused_once_the_upload_is_aborted(
    strict_storage: Any, uploader: Uploader
) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    url = uploader.url(upload)
    assert uploader.put(url, JPEG) == 200
    assert uploader.post("abort/", upload=upload).status == 204
    assert uploader.put(url, JPEG) == 404
    assert uploader.post("complete/", upload=upload).status == 404
    assert stored(strict_storage) == unfinished(strict_storage) == []


def test_complete_without_parts_is_refused(storage: Any, uploader: Uploader) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    assert uploader.post("complete/", upload=upload).status == 409
    assert stored(storage) == []


@pytest.mark.parametrize("step", ["parts/", "status/", "complete/", "abort/"])
def test_the_upload_of_another_user_is_refused(
    uploader: Uploader, stranger: Uploader, step: str
) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    assert stranger.post(step, upload=upload, numbers=[1]).status == 403
    assert len(unfinished(media_storage())) == 1


def test_the_token_of_another_user_is_refused(uploader: Uploader, stranger: Uploader) -> None:
    stranger.field = uploader.field
    assert stranger.begin(JPEG).status == 403
    assert Uploader(Client(), User.objects.first(), owner=uploader.owner).begin(JPEG).status == 403
    assert unfinished(media_storage()) == []


def test_each_altered_character_of_a_token_is_refused(uploader: Uploader) -> None:
    token = uploader.field.sign()
    for index, character in enumerate(token):
        altered = token[:index] + ("A" if character != "A" else "B") + token[index + 1 :]
        if altered[:-1] != token[:-1]:  # the last character has unused bits
            assert uploader.post("", token=altered, name="a.jpg", size=1).status == 403


def test_a_token_of_one_step_is_not_that_of_another(uploader: Uploader) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    assert uploader.post("", token=upload, name="a.jpg", size=1).status == 403
    assert uploader.post("complete/", upload=uploader.field.sign()).status == 403


@pytest.mark.parametrize(
    "values",
    [{"size": -1}, {"size": True}, {"size": "1"}, {"size": 1.5}, {"name": None}, {"token": 1}],
)
def test_a_malformed_request_is_a_400(uploader: Uploader, values: dict[str, Any]) -> None:
    assert uploader.begin(JPEG, **values).status == 400


@pytest.mark.parametrize("numbers", [[0], [2], [-1], ["1"], [[1]], None, list(range(1, 102))])
def test_parts_that_the_upload_does_not_have_are_a_400(uploader: Uploader, numbers: Any) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    assert uploader.post("parts/", upload=upload, numbers=numbers).status == 400


def test_requests_of_other_sites_are_refused(uploader: Uploader) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get())
    uploader.client = client
    assert uploader.begin(JPEG) == (403, None)
    assert unfinished(media_storage()) == []


def test_an_expired_token_is_refused(uploader: Uploader, settings: Any, monkeypatch: Any) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    settings.SHIFT_MEDIA_UPLOAD_SECONDS = 60
    later = (timezone.now() + timedelta(seconds=61)).timestamp()
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    answer = uploader.post("complete/", upload=upload)
    assert (answer.status, answer.body["code"]) == (403, "expired")


def test_a_user_has_a_limited_number_of_uploads_in_flight(
    uploader: Uploader, stranger: Uploader, settings: Any
) -> None:
    settings.SHIFT_MEDIA_UPLOAD_LIMIT = 2
    first = uploader.begin(JPEG).body["upload"]
    assert uploader.begin(JPEG).status == 200
    assert uploader.begin(JPEG).status == 429
    assert stranger.begin(JPEG).status == 200
    uploader.post("abort/", upload=first)
    assert uploader.begin(JPEG).status == 200


@pytest.mark.parametrize("step", ["complete/", "abort/", "status/", "parts/"])
def test_an_upload_that_is_over_changes_nothing_of_this_limit(
    uploader: Uploader, settings: Any, step: str
) -> None:
    settings.SHIFT_MEDIA_UPLOAD_LIMIT = 1
    over = uploader.begin(JPEG).body["upload"]
    uploader.send(over, JPEG)
    assert uploader.post("complete/", upload=over).status == 200
    uploader.post(step, upload=over, numbers=[1])
    current = uploader.begin(JPEG)
    assert current.status == 200, "it takes no slot"
    uploader.post(step, upload=over, numbers=[1])
    assert uploader.begin(JPEG).status == 429, "it gives away no slot of another upload"


def only_small_names(request: Any, field: Any) -> bool:
    return bool(request.user.username == "stranger")


def test_the_project_decides_who_may_upload(
    uploader: Uploader, stranger: Uploader, settings: Any
) -> None:
    settings.SHIFT_MEDIA_UPLOAD_PERMISSION = f"{__name__}.only_small_names"
    assert uploader.begin(JPEG).status == 403
    assert stranger.begin(JPEG).status == 200


async def asynchronous(request: Any, field: Any) -> bool:
    return False


def test_an_answer_that_only_counts_as_true_allows_nothing(
    uploader: Uploader, settings: Any
) -> None:
    settings.SHIFT_MEDIA_UPLOAD_PERMISSION = f"{__name__}.asynchronous"
    with pytest.raises(ImproperlyConfigured, match="not a bool"):
        uploader.begin(JPEG)


def find_virus(file: Any) -> None:
    if b"EICAR" in file.read():
        raise ValidationError("This file has a virus.")


def test_a_scanner_refuses_a_file(settings: Any, storage: Any, uploader: Uploader) -> None:
    settings.SHIFT_MEDIA_UPLOAD_VALIDATORS = [f"{__name__}.find_virus"]
    answer = uploader.upload(JPEG + b"EICAR")
    assert (answer.status, answer.body["error"]) == (422, "This file has a virus.")
    assert stored(storage) == []
    assert uploader.upload(JPEG).status == 200


# -- lost responses, and resuming -----------------------------------------------------------------


def test_complete_can_be_repeated_if_its_response_was_lost(
    storage: Any, uploader: Uploader
) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    uploader.send(upload, JPEG)
    first, second = (uploader.post("complete/", upload=upload) for _ in range(2))
    assert (first.status, second.status) == (200, 200)
    assert len(stored(storage)) == 1


def test_the_parts_that_have_arrived_are_listed(storage: Any, uploader: Uploader) -> None:
    uploader = Uploader(uploader.client, User.objects.get(), kind="any")
    data = bytes(8 * MIB + 10)
    upload = uploader.begin(data).body["upload"]
    assert uploader.put(uploader.url(upload, 2), data[8 * MIB :]) == 200
    answer = uploader.post("status/", upload=upload)
    assert answer.body == {"parts": {"2": 10}, "part_size": 8 * MIB}
