"""Direct uploads of people who mean harm: forged requests, and files that lie."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from django_shift_media.storages.selection import media_storage
from django_shift_media.uploads.tokens import AcceptedUpload, Upload, UploadField
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.buckets import new_bucket
from tests.support.direct_uploads import Uploader, form_of, stored, unfinished
from tests.support.hostile import HARMLESS, HOSTILE, REFUSED, alone, hostile

pytestmark = pytest.mark.django_db
JPEG = draw_photo(400, 300)


@pytest.fixture(params=["ceph", "ministack"])
def bucket(request: Any, settings: Any, running: Any) -> Any:
    """A bucket that enforces what is signed; moto and s3rver agree to everything."""
    return new_bucket(settings, running(request.param))


# -- the presigned URL of a part ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cat.jpg/cat.jpg", "cat.jpg/dog.jpg"),
        ("partNumber=1", "partNumber=2"),
        ("X-Amz-Expires=900", "X-Amz-Expires=90000"),
        ("content-length%3Bhost", "host"),
        (r"uploadId=[^&]+", "uploadId=another"),
    ],
    ids=["another key", "number", "expiry", "any length", "another upload"],
)
def test_an_altered_url_of_a_part_is_refused(
    bucket: Any, uploader: Uploader, before: str, after: str
) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    url, count = re.subn(before, after, uploader.url(upload))
    assert count == 1
    assert requests.put(url, JPEG, timeout=60).status_code in {403, 404}
    assert uploader.post("complete/", upload=upload).status == 409
    uploader.post("abort/", upload=upload)
    assert stored(bucket) == unfinished(bucket) == []


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_the_url_of_a_part_is_good_for_nothing_else(
    bucket: Any, uploader: Uploader, method: str
) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    url = uploader.url(upload)
    assert requests.request(method, url, timeout=60).status_code in {400, 403, 405}
    assert len(unfinished(bucket)) == 1


def test_the_type_of_a_file_is_that_of_the_app(bucket: Any, uploader: Uploader) -> None:
    upload = uploader.begin(JPEG).body["upload"]
    headers = {"Content-Type": "text/html"}
    assert requests.put(uploader.url(upload), JPEG, headers=headers, timeout=60).ok
    assert uploader.post("complete/", upload=upload).status == 200
    (key,) = stored(bucket)
    head = bucket.client.head_object(Bucket=bucket.bucket_name, Key=key)
    assert head["ContentType"] == "image/jpeg"


def test_more_than_was_declared_is_refused(bucket: Any, uploader: Uploader) -> None:
    upload = uploader.begin(JPEG, size=100).body["upload"]
    assert uploader.put(uploader.url(upload), JPEG) == 403
    assert uploader.post("parts/", upload=upload, numbers=[2]).status == 400
    assert uploader.post("complete/", upload=upload).status == 409
    uploader.post("abort/", upload=upload)
    assert stored(bucket) == unfinished(bucket) == []


# -- tokens and values that are not signed by the app ---------------------------------------------


def test_tokens_that_another_site_has_signed_are_refused(uploader: Uploader, settings: Any) -> None:
    begun = Upload.unsign(uploader.begin(JPEG).body["upload"])
    accepted = AcceptedUpload.unsign(uploader.upload(JPEG).body["value"])
    own = settings.SECRET_KEY
    settings.SECRET_KEY = "the-key-of-another-site-that-is-as-long-as-it-should-be"
    field = replace(uploader.field, max_bytes=10**12, kind="any").sign()
    upload = replace(begun, size=10**9).sign()
    value = replace(accepted, key=stored(media_storage())[0]).sign()
    settings.SECRET_KEY = own
    assert uploader.post("", token=field, name="a.exe", size=10**9).status == 403
    assert uploader.post("complete/", upload=upload).status == 403
    assert not form_of(Photo, ["photo"], {"photo-upload": value}, uploader).is_valid()


def test_an_upload_of_a_session_is_not_that_of_another(client: Any, uploader: Uploader) -> None:
    session = UploadField(label="a", kind="image", max_bytes=None, owner="session 1")
    for person in (uploader.client, client):
        values = {"token": session.sign(), "name": "a.jpg", "size": 1}
        answer = person.post("/media/uploads/", values, content_type="application/json")
        assert answer.status_code == 403


# -- files that lie -------------------------------------------------------------------------------


SAMPLE = [
    *("nothing", "html", "svg", "zip", "bmp", "html-after-gif-magic", "html-after-jpeg-magic"),
    *("png-of-most-pixels", "jpeg-of-most-pixels", "gif-of-most-pixels", "webp-of-most-pixels"),
    *("jpeg-of-many-scans", "png-of-many-texts", "gif-of-an-empty-extension"),
    *("jpeg-with-a-turned-bit", "png-without-a-side", "webp-cut-in-half", "avif-cut-early"),
]


def upload_hostile(uploader: Uploader, name: str) -> Any:
    return uploader.upload(hostile(name), "a.jpg", type="image/jpeg")


# One of each class that is cheap to make; the admin, which is tested with all, examines them alike.
@pytest.mark.parametrize("name", SAMPLE)
def test_a_hostile_file_is_refused_and_deleted(
    uploader: Uploader, settings: Any, name: str
) -> None:
    refuse(uploader, settings, name)


@pytest.mark.nightly
@pytest.mark.parametrize("name", [alone(name) for name in REFUSED if name not in SAMPLE])
def test_each_hostile_file_is_refused_and_deleted(
    uploader: Uploader, settings: Any, name: str
) -> None:
    refuse(uploader, settings, name)


def refuse(uploader: Uploader, settings: Any, name: str) -> None:
    answer = upload_hostile(uploader, name)
    assert answer.status == 422
    if name == "nothing":
        assert answer.body["error"] == "The submitted file is empty."
    else:
        before, _, reason = answer.body["error"].partition(": ")
        assert before in {"We couldn’t process “a.jpg”", "“a.jpg” is too large"}
        assert reason.startswith(str(HOSTILE[name].reason))
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []


@pytest.mark.nightly
@pytest.mark.parametrize("name", [alone(name) for name in HARMLESS])
def test_what_only_looks_hostile_is_accepted(uploader: Uploader, name: str) -> None:
    assert upload_hostile(uploader, name).status == 200


@pytest.mark.nightly
def test_no_server_keeps_a_hostile_file(bucket: Any, uploader: Uploader) -> None:
    for name in REFUSED:
        assert upload_hostile(uploader, name).status == 422, name
        assert stored(bucket) == unfinished(bucket) == [], name
