"""MediaConvert: from the upload to the row, with a server that reads jobs and runs ffmpeg."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image

from cinema.models import Clip
from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.generation.cache_lock import cache_key, cache_store
from django_shift_media.naming.renditions import Poster, Rendition, sign
from django_shift_media.storages.selection import media_storage
from django_shift_media.testing import MediaConvertEmulator
from django_shift_media.video.mediaconvert.service import Service
from django_shift_media.video.requests import enqueue_all
from tests.support import video_queue
from tests.support.video_queue import work, work_later
from tests.support.videos import probe, turned, video, without_pictures

pytestmark = pytest.mark.server
# The emulator sends events to a server in another thread.
in_the_loop = pytest.mark.django_db(transaction=True)

MAKER = "django_shift_media.video.mediaconvert.MediaConvertMaker"
ROLE = "arn:aws:iam::123456789012:role/videos"
SECRET = "s" * 40
WEB = Rendition(height=720)


@pytest.fixture
def site(settings: Any, moto_bucket: Any, live_server: Any, monkeypatch: Any) -> Any:
    """A MediaConvert that reads and writes the bucket, and sends events to this site."""
    video_queue.use(settings)
    settings.SHIFT_MEDIA_ENQUEUE = "tests.support.video_queue.enqueue_with_delay"
    settings.SHIFT_MEDIA_VIDEO_MAKER = MAKER
    settings.SHIFT_MEDIA_MEDIACONVERT_ROLE = ROLE
    settings.SHIFT_MEDIA_MEDIACONVERT_SECRET = SECRET
    settings.ROOT_URLCONF = "tests.support.urls_of_mediaconvert"
    url = f"{live_server.url}/mediaconvert/"
    with MediaConvertEmulator(moto_bucket.client, events_url=url, secret=SECRET) as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_MEDIACONVERT", service.endpoint_url)
        yield service


def create(data: bytes | None = None, name: str = "clip.mp4") -> Clip:
    return Clip.objects.create(clip=ContentFile(data or video(), name=name))


def stored() -> list[str]:
    return sorted(
        summary.key.rpartition("/")[2]
        for page in media_storage().list_pages("")
        for summary in page
    )


def cache_forgets_polls(jobs: list[list[str]]) -> None:
    """As after the seconds for which a look is enough."""
    for keys in jobs:
        for key in keys:
            cache_store.delete(cache_key("poll", media_storage(), key))


@in_the_loop
def test_an_upload_is_encoded_and_the_row_is_ready(site: Any, moto_bucket: Any) -> None:
    clip = create()
    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "working"
    site.wait()
    assert site.deliveries == [204, 204]
    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "ready", clip.clip_state
    keys = [sign(clip.clip.name, made) for made in (Poster(), WEB)]
    assert stored() == sorted(key.rpartition("/")[2] for key in [clip.clip.name, *keys])
    head = moto_bucket.client.head_object(Bucket=moto_bucket.bucket_name, Key=keys[1])
    assert head["ContentType"] == "video/mp4"
    assert "immutable" in head["CacheControl"]
    assert Image.open(io.BytesIO(media_storage().get(keys[0]))).size == (128, 72)
    assert probe(media_storage().get(keys[1]))["video"]["codec_name"] == "h264"


@in_the_loop
@pytest.mark.nightly
def test_a_portrait_without_sound_is_upright(site: Any) -> None:
    clip = create(turned(90, "-an", sound=False), name="phone.mov")
    work()
    site.wait()
    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "ready", clip.clip_state
    found = probe(media_storage().get(sign(clip.clip.name, WEB)))
    assert (found["video"]["width"], found["video"]["height"]) == (72, 128)
    assert found["audio"] is None
    poster = Image.open(io.BytesIO(media_storage().get(sign(clip.clip.name, Poster()))))
    assert poster.size == (72, 128)


@in_the_loop
def test_a_job_that_fails_has_its_reason_in_the_row_and_is_not_repeated(
    site: Any, client: Client
) -> None:
    clip = create(without_pictures(video()))
    work()
    site.wait()
    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "failed"
    assert clip.clip_state["reason"].startswith("MediaConvert cannot encode the video: ")
    assert stored() == [clip.clip.name.rpartition("/")[2]]
    assert client.get(f"/media/{sign(clip.clip.name, WEB)}").status_code == 422
    assert video_queue.jobs == []


@in_the_loop
@pytest.mark.nightly
def test_what_the_service_refuses_is_in_the_row(site: Any, settings: Any) -> None:
    settings.SHIFT_MEDIA_MEDIACONVERT_QUEUE = "missing"
    clip = create()
    with pytest.raises(StorageUnavailable, match="Queue missing not found"):
        work()
    clip.refresh_from_db()
    assert "Queue missing not found" in clip.clip_state["reason"]
    settings.SHIFT_MEDIA_MEDIACONVERT_QUEUE = "Default"
    enqueue_all(None, clip.clip.name)
    work()
    site.wait()
    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "ready"


@in_the_loop
@pytest.mark.nightly
def test_without_events_the_queue_looks_again(site: Any) -> None:
    site.events_url = ""
    site.pause()
    clip = create()
    work()
    waiting = [keys for keys, _ in video_queue.later]
    cache_forgets_polls(waiting)
    work_later()
    assert [keys for keys, _ in video_queue.later] == waiting
    site.resume()
    site.wait()
    work_later()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "ready"
    assert video_queue.later == []
    assert site.operations.count("CreateJob") == 2


@in_the_loop
@pytest.mark.nightly
def test_looking_does_not_multiply(site: Any) -> None:
    site.pause()
    clip = create()
    for _ in range(3):
        enqueue_all(None, clip.clip.name)
        work()
    assert len(video_queue.later) == 2
    assert site.operations.count("CreateJob") == 2


@in_the_loop
@pytest.mark.nightly
def test_a_queue_that_cannot_wait_has_the_worker_wait(site: Any, settings: Any) -> None:
    settings.SHIFT_MEDIA_ENQUEUE = "tests.support.video_queue.enqueue"
    settings.SHIFT_MEDIA_MEDIACONVERT_POLL_SECONDS = 1
    site.events_url = ""
    clip = create()
    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "ready"


@in_the_loop
def test_a_worker_that_dies_has_its_jobs_found_by_the_next_one(site: Any, client: Client) -> None:
    site.events_url = ""
    clip = create()
    work()
    site.wait()
    video_queue.later.clear()  # with the worker
    key = sign(clip.clip.name, WEB)
    assert client.get(f"/media/{key}").status_code == 503
    work()
    assert client.get(f"/media/{key}").status_code == 301
    assert site.operations.count("CreateJob") == 2


@in_the_loop
@pytest.mark.nightly
def test_a_worker_that_dies_before_it_knows_the_job_creates_it_once(site: Any) -> None:
    site.pause()
    clip = create()
    key = sign(clip.clip.name, WEB)
    service = Service(media_storage())
    first = service.submit(clip.clip.name, key, WEB)
    service._write_note(key, token=first["ClientRequestToken"])
    assert service.job_of(key) is None
    assert service.submit(clip.clip.name, key, WEB)["Id"] == first["Id"]


@in_the_loop
def test_a_job_that_never_ends_is_canceled(site: Any) -> None:
    site.pause()
    clip = create()
    work()
    for job in site.jobs.values():
        job["CreatedAt"] -= timedelta(hours=6)
    enqueue_all(None, clip.clip.name)
    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "failed"
    assert "its job took more than 21600 seconds" in clip.clip_state["reason"]
    assert {job["Status"] for job in site.jobs.values()} == {"CANCELED"}


@in_the_loop
@pytest.mark.nightly
def test_a_job_that_somebody_cancels_has_that_as_its_reason(site: Any) -> None:
    site.pause()
    clip = create()
    work()
    service = Service(media_storage())
    for id in site.jobs:
        service.client.cancel_job(Id=id)
    site.resume()
    site.wait()
    work()
    clip.refresh_from_db()
    assert clip.clip_state["reason"].endswith("its job was canceled.")


@in_the_loop
def test_an_event_that_comes_twice_or_late_changes_nothing(site: Any) -> None:
    clip = create()
    work()
    site.wait()
    work()
    clip.refresh_from_db()
    before, names = clip.clip_state, stored()
    for id in site.jobs:
        assert site.send_event(id) == site.send_event(id) == 204
    work()
    clip.refresh_from_db()
    assert (clip.clip_state, stored()) == (before, names)
    assert len(site.jobs) == 2


@in_the_loop
@pytest.mark.nightly
def test_an_event_is_enough_if_the_cache_has_lost_the_job(site: Any) -> None:
    clip = create()
    work()
    cache.clear()
    site.wait()
    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "ready"
    assert len(site.jobs) == 2


@in_the_loop
def test_nothing_is_left_of_a_video_that_is_deleted_meanwhile(site: Any) -> None:
    clip = create()
    work()
    site.wait()  # its drafts are stored now
    assert len(stored()) == 4
    media_storage().delete_many([clip.clip.name])
    work()
    assert stored() == []


@in_the_loop
def test_a_job_of_a_deleted_video_is_canceled(site: Any) -> None:
    site.pause()
    clip = create()
    work()
    clip.clip.delete()
    work_later()
    assert {job["Status"] for job in site.jobs.values()} == {"CANCELED"}
    site.resume()
    site.wait()
    work()
    assert stored() == []


def event(**changes: Any) -> dict[str, Any]:
    key = sign("3c72aedc/ba25/41e6/a569/406c8f413974/a.mp4/a.mp4", WEB)
    detail = {
        "jobId": "1536962115049-g58xc4",
        "status": "COMPLETE",
        "userMetadata": {"shift-media-key": key, "shift-media-storage": ""},
    }
    changed = {"source": "aws.mediaconvert", "detail": detail, **changes}
    changed["detail"] = {**detail, **changed["detail"]} if changed["detail"] else None
    return changed


def post(client: Client, body: Any, secret: str = SECRET) -> int:
    headers = {"X-Shift-Media-Secret": secret}
    data = body if isinstance(body, bytes) else json.dumps(body)
    return client.post(
        "/mediaconvert/", data, content_type="application/json", headers=headers
    ).status_code


@pytest.fixture
def endpoint(settings: Any) -> None:
    """The view for events, of a site without any bucket."""
    video_queue.use(settings)
    settings.SHIFT_MEDIA_MEDIACONVERT_SECRET = SECRET
    settings.ROOT_URLCONF = "tests.support.urls_of_mediaconvert"


@in_the_loop
def test_an_event_enqueues_what_it_is_about(site: Any, client: Client) -> None:
    assert post(client, event()) == 204
    assert [keys for keys, _ in video_queue.jobs] == [
        [event()["detail"]["userMetadata"]["shift-media-key"]]
    ]


@pytest.mark.parametrize("secret", ["", "x", SECRET[:-1], f"{SECRET}s", "ä" * 40])
def test_a_forged_event_is_refused(endpoint: None, client: Client, secret: str) -> None:
    assert post(client, event(), secret) == 403
    assert video_queue.jobs == []


def test_former_secrets_are_accepted_and_no_secret_refuses_all(
    endpoint: None, settings: Any, client: Client
) -> None:
    settings.SHIFT_MEDIA_MEDIACONVERT_SECRET = "n" * 40
    settings.SHIFT_MEDIA_MEDIACONVERT_SECRET_FALLBACKS = [SECRET]
    assert [post(client, event(), each) for each in ("n" * 40, SECRET, "o" * 40)] == [204, 204, 403]
    settings.SHIFT_MEDIA_MEDIACONVERT_SECRET = ""
    settings.SHIFT_MEDIA_MEDIACONVERT_SECRET_FALLBACKS = []
    assert [post(client, event(), each) for each in ("", SECRET)] == [403, 403]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b"1" * 1_000_001,
        [],
        {},
        "text",
        event(detail=None),
        event(detail={"jobId": 5}),
        event(detail={"jobId": "../x"}),
        event(detail={"userMetadata": "text"}),
        event(detail={"status": []}),
    ],
    ids=range(13),
)
def test_what_is_not_an_event_is_refused(endpoint: None, client: Client, body: Any) -> None:
    assert post(client, body) == 400
    assert video_queue.jobs == []


KEY_OF_ANOTHER_SITE = event()["detail"]["userMetadata"]["shift-media-key"].replace(
    "-h264-", "-h264-0"
)


@pytest.mark.parametrize(
    "body",
    [
        event(source="aws.s3"),
        event(detail={"status": "PROGRESSING"}),
        event(detail={"userMetadata": {}}),
        event(detail={"userMetadata": None}),
        event(detail={"userMetadata": {"shift-media-key": "x", "shift-media-storage": ""}}),
        event(detail={"userMetadata": {"shift-media-key": [], "shift-media-storage": ""}}),
        event(
            detail={
                "userMetadata": {"shift-media-key": KEY_OF_ANOTHER_SITE, "shift-media-storage": ""}
            }
        ),
    ],
    ids=range(7),
)
def test_events_of_others_are_ignored(endpoint: None, client: Client, body: Any) -> None:
    assert post(client, body) == 204
    assert video_queue.jobs == []


def test_an_event_of_a_storage_that_is_gone_is_ignored(endpoint: None, client: Client) -> None:
    body = event()
    body["detail"]["userMetadata"]["shift-media-storage"] = "former"
    assert post(client, body) == 204
    assert video_queue.jobs == []


@in_the_loop
def test_a_queue_that_fails_has_eventbridge_try_again(
    site: Any, settings: Any, client: Client
) -> None:
    settings.SHIFT_MEDIA_ENQUEUE = "tests.support.video_queue.fail"
    assert post(client, event()) == 503


def test_only_post_is_allowed(endpoint: None, client: Client) -> None:
    assert client.get("/mediaconvert/").status_code == 405
