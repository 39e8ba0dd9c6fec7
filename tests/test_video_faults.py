"""A storage that fails at each request of a job: the row has the reason, and then it heals."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from cinema.models import Clip
from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.naming.renditions import Ladder, Poster, Rendition, sign
from tests.support import video_queue
from tests.support.buckets import change_options, new_bucket
from tests.support.faults import FaultyProxy, faulty_proxy
from tests.support.videos import video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.server, pytest.mark.nightly]

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
MADE = (Poster(), Rendition(height=36), Ladder(ladder=(36,)))


@pytest.fixture
def proxy(moto: Any) -> Iterator[FaultyProxy]:
    with faulty_proxy(moto.endpoint_url) as proxy:
        yield proxy


@pytest.fixture
def storage(settings: Any, moto: Any, proxy: FaultyProxy, tmp_path: Path, monkeypatch: Any) -> Any:
    settings.SHIFT_MEDIA_VIDEO_PRESETS = {"web": {"height": 36}, "hls": {"ladder": [36]}}
    video_queue.use(settings)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # of workers
    new_bucket(settings, moto)
    return change_options(settings, endpoint_url=proxy.endpoint_url)


@pytest.mark.parametrize("made", MADE, ids=str)
def test_a_storage_fails_at_each_request(
    storage: Any, proxy: FaultyProxy, tmp_path: Path, made: Any
) -> None:
    clip = Clip.objects.create(clip=ContentFile(video(), name="a.mp4"))
    key = sign(clip.clip.name, made)
    video_queue.jobs.clear()
    number, failures = 0, 0
    while True:
        proxy.fail("400", *METHODS, times=1, after=number)
        video_queue.enqueue([key])
        is_raised = False
        try:
            video_queue.work()
        except StorageUnavailable:
            is_raised = True
        has_met = bool(proxy.met)
        proxy.mend()
        assert list(tmp_path.rglob("video-*")) == [], "what a worker keeps on its disk"
        if not has_met:
            break
        clip.refresh_from_db()
        entry = clip.clip_state["made"][str(made)]
        if entry["state"] != "ready":
            assert is_raised, f"the queue does not learn of request {number}"
            assert entry["state"] == "queued" or entry["reason"]
            failures += 1
        video_queue.enqueue([key])
        video_queue.work()
        clip.refresh_from_db()
        assert clip.clip_state["made"][str(made)]["state"] == "ready"
        made_keys = [each.key for page in storage.list_pages("") for each in page]
        made_keys.remove(clip.clip.name)
        assert key in made_keys
        storage.delete_many(made_keys)
        proxy.mend()
        clip.clip_state["made"][str(made)] = {"state": "queued"}
        Clip.objects.update(clip_state=clip.clip_state)
        number += 1
    assert failures >= 3
