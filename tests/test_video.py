"""Videos on local disk: uploaded, made by a worker, and shown."""

import io
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.template import engines
from django.test import Client
from PIL import Image

from cinema.models import Clip
from django_shift_media.generation import prewarm
from tests.support.videos import probe, video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.server]

_enqueued: list[list[str]] = []


def keep(keys: list[str], storage: str | None = None) -> None:
    """A queue without workers: a value for ``SHIFT_MEDIA_ENQUEUE``."""
    _enqueued.append(list(keys))


def work() -> None:
    """Do what is enqueued, as a worker does."""
    while _enqueued:
        prewarm.make_missing(_enqueued.pop(0))


@pytest.fixture(autouse=True)
def queue(settings: Any, tmp_path: Any) -> None:
    _enqueued.clear()
    settings.MEDIA_ROOT = tmp_path
    settings.SHIFT_MEDIA_ENQUEUE = f"{__name__}.keep"


def upload(data: bytes, name: str = "clip.mp4", **values: Any) -> Clip:
    return Clip.objects.create(clip=ContentFile(data, name=name), **values)


def render(source: str, clip: Clip) -> str:
    template = engines["django"].from_string("{% load shift_media %}" + source)
    return str(template.render({"obj": clip}))


def test_a_video_is_uploaded_made_and_shown(client: Client) -> None:
    clip = upload(video())
    assert (clip.width, clip.height, clip.duration) == (128, 72, 1.0)
    assert clip.clip_state["state"] == "queued"

    tag = '{% video obj.clip "web" poster="64x" controls=True preload="none" %}'
    poster = str(clip.clip.resize("64x"))
    before = render(tag, clip)
    assert f'poster="{poster}" width="128" height="72" controls preload="none"' in before
    assert "video-720" not in before
    assert f'<source src="{clip.clip.url}" type="video/mp4">' in before
    response = client.get(poster)
    assert (response.status_code, response["Retry-After"]) == (503, "10")

    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "ready"
    assert Image.open(io.BytesIO(client.get(poster).content)).size == (64, 36)
    after = render(tag, clip)
    assert after.count("<source") == 1
    url = after.partition('<source src="')[2].partition('"')[0]
    made = probe(b"".join(client.get(url).streaming_content))  # type: ignore[attr-defined]
    assert (made["video"]["codec_name"], made["audio"]["codec_name"]) == ("h264", "aac")
    assert (made["video"]["width"], made["video"]["height"]) == (128, 72)
