"""Videos on local disk: uploaded, made by a worker, shown, deleted and made again."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.test import Client
from PIL import Image

from cinema.models import Clip
from django_shift_media.exceptions import UnreadableVideo
from django_shift_media.generation.cache_lock import cache_key, cache_store
from django_shift_media.naming.renditions import Poster, Rendition, sign
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from tests.support import video_queue
from tests.support.templates import jinja2, rendered
from tests.support.video_queue import jobs, work
from tests.support.videos import PLAYLISTS, probe, turned, video, without_pictures

pytestmark = [pytest.mark.django_db, pytest.mark.server]

TAG = '{% load shift_media %}{% video obj.clip "web" poster="64x" controls=True %}'
WEB = Rendition(height=720)


@pytest.fixture(autouse=True)
def _queue(settings: Any, tmp_path: Any, django_capture_on_commit_callbacks: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    video_queue.use(settings)
    with django_capture_on_commit_callbacks(execute=False):
        yield


@pytest.fixture
def upload(django_capture_on_commit_callbacks: Any) -> Any:
    def create(data: bytes, name: str = "clip.mp4", **values: Any) -> Clip:
        with django_capture_on_commit_callbacks(execute=True):
            return Clip.objects.create(clip=ContentFile(data, name=name), **values)

    return create


def source_of(html: str) -> str:
    [url] = re.findall(r'<source src="([^"]+)"', html)
    return str(url)


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_a_video_is_uploaded_made_and_shown(
    client: Client, upload: Any, caplog: pytest.LogCaptureFixture
) -> None:
    clip = upload(video())
    assert (clip.width, clip.height, clip.duration) == (128, 72, 1.0)
    assert clip.clip_state["state"] == "queued"
    poster = str(clip.clip.resize("64x"))
    before = rendered(TAG, obj=clip)
    assert f'<video poster="{poster}" width="128" height="72" controls>' in before
    assert source_of(before) == clip.clip.url  # which all browsers play
    response = client.get(poster)
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "Cannot make" not in caplog.text, "waiting for a poster is no failure"

    work()
    clip.refresh_from_db()
    assert (clip.clip_state["state"], clip.clip_state["percent"]) == ("ready", 100)
    assert Image.open(io.BytesIO(client.get(poster).content)).size == (64, 36)
    url = source_of(rendered(TAG, obj=clip))
    made = probe(content(client.get(url)))
    assert (made["video"]["codec_name"], made["audio"]["codec_name"]) == ("h264", "aac")
    assert (made["video"]["width"], made["video"]["height"]) == (128, 72)
    facts = clip.clip_state["made"]["video-720-h264.mp4"]
    assert facts["width"] == 128
    assert facts["bytes"] == int(made["size"])


def test_a_portrait_video_is_upright_and_says_nothing_of_its_maker(
    client: Client, upload: Any, settings: Any
) -> None:
    settings.SHIFT_MEDIA_VIDEO_PRESETS = {"web": {"height": 36}}
    data = turned(90, "-metadata", "title=secret", "-metadata", "location=+52.5+13.4/")
    assert b"secret" in data
    clip = upload(data)
    assert (clip.width, clip.height) == (72, 128)
    work()
    clip.refresh_from_db()
    data = content(client.get(source_of(rendered(TAG, obj=clip))))
    made = probe(data)["video"]
    assert (made["width"], made["height"], made.get("side_data_list")) == (36, 64, None)
    assert b"secret" not in data
    assert b"+52.5" not in data
    poster = media_storage().get(sign(clip.clip.name, Poster()))
    assert Image.open(io.BytesIO(poster)).size == (72, 128)


def test_a_row_that_is_saved_meanwhile_keeps_the_state_of_the_worker(upload: Any) -> None:
    clip = upload(video())
    form = Clip.objects.get(pk=clip.pk)
    work()
    form.title = "another title"
    form.save()
    assert form.clip_state["state"] == "ready"
    assert Clip.objects.get(title="another title").clip_state["state"] == "ready"


def test_a_row_that_has_got_another_file_is_not_touched(upload: Any) -> None:
    clip = upload(video())
    first = jobs.copy()
    clip.clip = ContentFile(video(sound=False), name="other.mp4")
    clip.save()
    jobs[:] = first
    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "queued"
    assert clip.clip_state["facts"]["audio_codec"] is None


def test_what_was_deleted_is_enqueued_once_and_made_again(client: Client, upload: Any) -> None:
    clip = upload(video())
    work()
    clip.refresh_from_db()
    url = source_of(rendered(TAG, obj=clip))
    media_storage().delete_many([sign(clip.clip.name, WEB)])
    assert [client.get(url).status_code for _ in range(3)] == [503] * 3
    assert [keys for keys, _ in jobs] == [[sign(clip.clip.name, WEB)]]
    work()
    assert client.get(url).status_code == 200
    clip.clip.delete()


def test_a_player_seeks_by_ranges(client: Client, upload: Any) -> None:
    clip = upload(video())
    work()
    clip.refresh_from_db()
    url = source_of(rendered(TAG, obj=clip))
    whole = content(client.get(url))
    size = len(whole)
    for text, start, end in [
        ("bytes=0-", 0, size),
        ("bytes=100-199", 100, 200),
        ("bytes=-100", size - 100, size),
        (f"bytes=100-{size + 5}", 100, size),
    ]:
        response = client.get(url, headers={"Range": text})
        assert response.status_code == 206
        assert response["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
        assert content(response) == whole[start:end]
    for text in ("bytes=5-4", "bytes=-", f"bytes={size}-", "bytes=0-1,3-4", "lines=1-2"):
        assert client.get(url, headers={"Range": text}).status_code == 200


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_playlist_is_refused_whatever_its_name(name: str) -> None:
    with pytest.raises(UnreadableVideo, match="This is not a video in an accepted format"):
        Clip.objects.create(clip=ContentFile(PLAYLISTS[name], name="clip.mp4"))
    field = Clip._meta.get_field("clip")
    with pytest.raises(ValidationError, match="We couldn’t process “clip"):
        field.clean(ContentFile(PLAYLISTS[name], name="clip.mp4"), Clip())


def test_a_video_that_cannot_be_decoded_says_so_in_its_row(
    client: Client, upload: Any, capsys: Any
) -> None:
    clip = upload(without_pictures(video()))
    work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "failed"
    assert clip.clip_state["reason"].startswith("The video ")
    assert "/" not in clip.clip_state["reason"]
    poster = client.get(str(clip.clip.resize("64x")))
    assert (poster.status_code, jobs) == (422, [])

    call_command("retry_media_video", "--dry-run", verbosity=2)
    assert "would be enqueued" in capsys.readouterr().out
    assert jobs == []
    call_command("retry_media_video", "cinema.Clip.clip")
    assert len(jobs[0][0]) == 2
    with pytest.raises(CommandError, match='kind="image"'):
        call_command("retry_media_video", "gallery.Photo.photo")


def test_what_another_worker_makes_is_left_to_it(upload: Any) -> None:
    clip = upload(video())
    keys = [sign(clip.clip.name, made) for made in (Poster(), WEB)]
    storage = media_storage()
    cache_store.set(cache_key("lock", storage, keys[1]), "another worker", 60)
    work()
    assert [storage.exists(key) for key in keys] == [True, False]
    cache_store.delete(cache_key("lock", storage, keys[1]))


def test_without_ffmpeg_the_row_says_what_to_install(
    upload: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    clip = upload(video())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImproperlyConfigured, match="ffprobe is not installed"):
        work()
    clip.refresh_from_db()
    assert clip.clip_state["state"] == "failed"
    assert "Install ffmpeg" in clip.clip_state["reason"]


def test_a_picture_of_the_user_takes_the_place_of_the_poster(client: Client, upload: Any) -> None:
    clip = upload(video(), cover=ContentFile(draw_photo(300, 200), name="cover.jpg"))
    url = str(clip.clip.resize("60x"))
    assert url == str(clip.cover.resize("60x"))
    assert f'poster="{url}"' in rendered(TAG.replace("64x", "60x"), obj=clip)
    assert client.get(url).status_code == 200


def test_a_recording_of_a_browser_gets_its_duration_later(upload: Any) -> None:
    clip = upload(video("clip.webm", "-live", "1", "-deadline", "realtime"), "clip.webm")
    assert clip.clip.name.endswith(".webm")
    if clip.duration is None:
        work()
        clip.refresh_from_db()
    assert clip.duration == pytest.approx(1, abs=0.1)
    assert timedelta(seconds=clip.clip.duration) > timedelta(0)


@pytest.mark.usefixtures("jinja2_templates")
def test_the_best_codec_comes_first(settings: Any, upload: Any) -> None:
    settings.SHIFT_MEDIA_VIDEO_PRESETS = {
        "web": {"height": 36},
        "modern": {"height": 36, "codec": "av1"},
        "open": {"height": 36, "codec": "vp9"},
    }
    clip = upload(video(), name="clip.mov")
    work()
    clip.refresh_from_db()
    html = jinja2("{{ video(obj.clip, loop=True, muted=True, playsinline=True) }}", obj=clip)
    types = re.findall('type="([^"]+)"', html.replace("&quot;", "'"))
    assert [text.partition(";")[0] for text in types] == ["video/mp4", "video/webm", "video/mp4"]
    assert "av01" in types[0]
    assert " loop muted playsinline>" in html
