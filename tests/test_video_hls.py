"""Ladders: HLS in several heights, made by a worker, and served from every kind of storage."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from cinema.models import Clip
from django_shift_media.naming.renditions import Ladder, sign
from django_shift_media.storages.selection import media_storage
from tests.support import video_queue
from tests.support.private_storages import logged_in, private_folder
from tests.support.templates import rendered
from tests.support.video_queue import jobs, work
from tests.support.videos import turned, video

pytestmark = [pytest.mark.django_db, pytest.mark.server]

LADDER = Ladder(ladder=(36, 72, 144))
HLS = "application/vnd.apple.mpegurl"
PARTS = ["36", "72", "audio"]
FILES = sorted(
    ["master.m3u8", *(f"{part}{end}" for part in PARTS for end in (".m3u8", ".mp4", "s0.mp4"))]
)


@pytest.fixture(autouse=True)
def _queue(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SHIFT_MEDIA_VIDEO_PRESETS = {"hls": {"ladder": [36, 72, 144]}, "web": {"height": 36}}
    video_queue.use(settings)


@pytest.fixture
def upload(django_capture_on_commit_callbacks: Any) -> Any:
    def create(data: bytes, **values: Any) -> Clip:
        with django_capture_on_commit_callbacks(execute=True):
            clip = Clip.objects.create(clip=ContentFile(data, name="clip.mp4"), **values)
        work()
        clip.refresh_from_db()
        assert clip.clip_state["state"] == "ready", clip.clip_state["reason"]
        return clip

    return create


def content(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content) if response.streaming else response.content


def names_in(playlist: str) -> list[str]:
    return re.findall(r'^[^#\n].*$|(?<=URI=")[^"]+', playlist, re.MULTILINE)


def key_frames(path: str) -> list[str]:
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-of", "csv=p=0"]
    command += ["-show_entries", "packet=pts_time,flags", f"concat:{path}"]
    lines = subprocess.check_output(command, text=True).splitlines()
    return [line.partition(",")[0] for line in lines if ",K" in line]


def downloaded(client: Client, clip: Clip, folder: Path) -> Path:
    """Get all files of a ladder as a player does, by the names in playlists; return the first."""
    base = f"/media/{sign(clip.clip.name, LADDER)}".removesuffix("master.m3u8")
    waiting, found = ["master.m3u8"], set()
    folder.mkdir()
    while waiting:
        found.add(name := waiting.pop())
        response = client.get(base + name)
        (folder / name).write_bytes(content(response))
        assert response["Content-Type"] == (HLS if name.endswith(".m3u8") else "video/mp4")
        assert "immutable" in response["Cache-Control"]
        if name.endswith(".m3u8"):
            waiting += {*names_in((folder / name).read_text())} - found
    return folder / "master.m3u8"


def test_a_ladder_is_made_and_played(
    client: Client, upload: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    clip = upload(video(seconds=14, rate=12))
    first = downloaded(client, clip, tmp_path / "player")
    segments = {f"{part}s{number}.mp4" for part in PARTS for number in (0, 1, 2)}
    assert {path.name for path in first.parent.iterdir()} == {*FILES, *segments}
    master = first.read_text()
    # The video has 72 lines, so the ladder ends there.
    assert re.findall("RESOLUTION=([^,]+)", master) == ["64x36", "128x72"]
    assert set(re.findall('CODECS="(avc1).[^,]+,([^"]+)"', master)) == {("avc1", "mp4a.40.2")}
    assert re.findall("FRAME-RATE=([^,]+)", master) == ["12.000", "12.000"]
    rates = [int(text) for text in re.findall("[,:]BANDWIDTH=([0-9]+)", master)]
    assert rates == sorted(rates)
    for part in PARTS[:2]:
        files = [first.with_name(f"{part}{end}.mp4") for end in ("", "s0", "s1", "s2")]
        assert key_frames("|".join(map(str, files))) == ["0.000000", "6.000000", "12.000000"]
    command = ["ffprobe", "-v", "error", "-of", "csv=p=0", "-allowed_extensions", "ALL"]
    command += ["-show_entries", "stream=codec_name,height,start_time", str(first)]
    streams = sorted(set(subprocess.check_output(command, text=True).split()))
    assert streams == ["aac,0.000000", "h264,36,0.000000", "h264,72,0.000000"]
    made = clip.clip_state["made"][str(LADDER)]
    assert (made["width"], made["height"]) == (128, 72)
    assert made["duration"] == pytest.approx(14, abs=0.1)
    assert made["bytes"] == sum(path.stat().st_size for path in first.parent.iterdir())

    html = rendered("{% load shift_media %}{% video obj.clip %}", obj=clip)
    sources = re.findall('<source src="([^"]+)" type="([^";]+)', html)
    assert [type for _, type in sources] == [HLS, "video/mp4"]
    assert sources[0][0].endswith("/master.m3u8")
    with django_capture_on_commit_callbacks(execute=True):
        clip.clip.delete()
    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []


def test_a_silent_portrait_video_has_no_sound(upload: Any) -> None:
    clip = upload(turned(90, sound=False))
    master = media_storage().get(sign(clip.clip.name, LADDER)).decode()
    assert re.findall("RESOLUTION=([^,\n]+)", master) == ["36x64", "72x128"]
    assert "audio" not in master
    assert "mp4a" not in master


@pytest.mark.parametrize("name", ["master.m3u8", "72s0.mp4", "audio.m3u8"])
def test_any_file_that_was_deleted_comes_back(client: Client, upload: Any, name: str) -> None:
    clip = upload(video())
    key = sign(clip.clip.name, LADDER)
    lost = key.replace("master.m3u8", name)
    before = media_storage().get(lost)
    media_storage().delete_many([lost])
    assert [client.get(f"/media/{lost}").status_code for _ in range(3)] == [503] * 3
    assert [keys for keys, _ in jobs] == [[key]]
    work()
    assert content(client.get(f"/media/{lost}")) == before
    made_of_another = key.replace("master.m3u8", "99.mp4")
    assert client.get(f"/media/{made_of_another}").status_code == 404
    higher = key.replace("master.m3u8", "144.mp4")  # which this video does not have
    assert client.get(f"/media/{higher}").status_code == 503
    jobs.clear()


def test_what_is_there_is_not_made_again(upload: Any) -> None:
    clip = upload(video())
    key = sign(clip.clip.name, LADDER)
    path = Path(media_storage().path(key)).with_name("36.mp4")
    before = path.stat().st_mtime_ns
    video_queue.enqueue([key])
    work()
    assert path.stat().st_mtime_ns == before


def test_a_bucket_gets_the_first_playlist_last(
    moto_bucket: Any, client: Client, upload: Any, django_capture_on_commit_callbacks: Any
) -> None:
    put: list[str] = []
    events = media_storage().client.meta.events
    note = "provide-client-params.s3.PutObject"
    events.register(note, lambda params, **_: put.append(params["Key"]))
    clip = upload(video())
    key = sign(clip.clip.name, LADDER)
    in_ladder = [name for name in put if name.startswith(key.removesuffix("master.m3u8"))]
    assert sorted(name.rpartition("/")[2] for name in in_ladder) == FILES
    assert in_ladder[-1] == key
    for page in media_storage().list_pages(key.removesuffix("master.m3u8")):
        for each in page:
            head = moto_bucket.client.head_object(Bucket=moto_bucket.bucket_name, Key=each.key)
            is_playlist = each.key.endswith(".m3u8")
            assert head["ContentType"] == (HLS if is_playlist else "video/mp4")
            assert head["ContentDisposition"] == "inline"
            assert "immutable" in head["CacheControl"]
    assert client.get(f"/media/{key}")["Location"] == media_storage().public_url(key)
    with django_capture_on_commit_callbacks(execute=True):
        clip.clip.delete()
    assert [page for page in media_storage().list_pages("") if page] == []


def test_players_of_private_videos_find_all_files(
    settings: Any, tmp_path: Path, client: Client, upload: Any
) -> None:
    private_folder(settings, tmp_path / "private")  # only the staff may see it
    clip = upload(video())
    staff = logged_in("editor", is_staff=True)
    first = media_storage().public_url(sign(clip.clip.name, LADDER))
    base = first.rpartition("/")[0]
    waiting, found = [first], set()
    while waiting:
        found.add(url := waiting.pop())
        assert client.get(url).status_code == 404
        response = staff.get(url)
        assert response["Cache-Control"].startswith("private")
        if ".m3u8" in url:
            assert response["Content-Type"] == HLS
            waiting += {f"{base}/{name}" for name in names_in(content(response).decode())} - found
    names = [url.removeprefix(base + "/").partition("?") for url in found]
    assert sorted(name for name, _, query in names if query.startswith("access=")) == FILES
