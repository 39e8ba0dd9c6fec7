"""All kinds of videos through the encoder, judged by ffprobe; and hostile ones, within limits."""

import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image, ImageStat

from cinema.models import Clip
from django_shift_media.exceptions import FileTooLarge, UnacceptableFile
from django_shift_media.naming.renditions import Made, Poster, Rendition, sign
from django_shift_media.storages.selection import media_storage
from tests.support import video_queue
from tests.support.video_queue import work
from tests.support.videos import ffmpeg, long_header, probe, turned, video, without_pictures

pytestmark = [pytest.mark.django_db, pytest.mark.nightly]

WEB = Rendition(height=48)
_HEVC = "log-level=none:colorprim=bt2020:colormatrix=bt2020nc:transfer="
HDR = {
    name: ("-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", _HEVC + name)
    for name in ("smpte2084", "arib-std-b67")
}


@pytest.fixture(autouse=True)
def _site(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SHIFT_MEDIA_VIDEO_PRESETS = {"web": {"height": 48}}
    video_queue.use(settings)


@pytest.fixture
def made(django_capture_on_commit_callbacks: Any) -> Any:
    """Return the row of a video after a worker has done what it can."""

    def make(data: bytes, name: str = "clip.mp4") -> Clip:
        with django_capture_on_commit_callbacks(execute=True):
            clip = Clip.objects.create(clip=ContentFile(data, name=name))
        work()
        clip.refresh_from_db()
        return clip

    return make


def stored(clip: Clip, what: Made) -> bytes:
    return media_storage().get(sign(clip.clip.name, what))


def rendition(clip: Clip, what: Rendition = WEB) -> Any:
    assert clip.clip_state["state"] == "ready", clip.clip_state["reason"]
    found = probe(stored(clip, what))
    assert found["video"]["pix_fmt"] == "yuv420p"
    assert found["video"].get("sample_aspect_ratio", "1:1") in {"1:1", "N/A"}
    assert not any(found["video"][side] % 2 for side in ("width", "height"))
    return found


def size(found: Any) -> tuple[int, int]:
    return found["video"]["width"], found["video"]["height"]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_turned_video_comes_out_upright(degrees: int, made: Any) -> None:
    clip = made(turned(degrees, size="192x96"))
    expected = (96, 192) if degrees in {90, 270} else (192, 96)
    assert (clip.width, clip.height) == expected
    assert clip.clip_state["facts"]["rotation"] == degrees
    assert size(rendition(clip)) == (expected[0] // 2, expected[1] // 2)
    # The left edge of the test picture is gray or green, and the right edge is not.
    poster = Image.open(io.BytesIO(stored(clip, Poster())))
    assert poster.size == expected
    judge = Image.open(io.BytesIO(frame(turned(degrees, size="192x96"))))
    difference = ImageStat.Stat(poster.convert("L").resize((16, 16))).mean[0]
    assert abs(difference - ImageStat.Stat(judge.convert("L").resize((16, 16))).mean[0]) < 3


def frame(data: bytes) -> bytes:
    """Return what ffmpeg by itself shows of a video."""
    path = Path(media_storage().location) / "judged.mp4"  # type: ignore[attr-defined]  # local disk
    path.write_bytes(data)
    ffmpeg("-i", str(path), "-frames:v", "1", str(path.with_suffix(".png")))
    return path.with_suffix(".png").read_bytes()


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.webm", "clip.mkv"])
@pytest.mark.parametrize("sound", [True, False])
def test_each_container_with_and_without_sound(name: str, sound: bool, made: Any) -> None:
    clip = made(video(name, sound=sound), "clip.bin")
    assert clip.clip.name.endswith(Path(name).suffix)
    found = rendition(clip)
    assert (found["audio"] is not None) == sound
    assert found["count"] == 1 + sound
    assert float(found["duration"]) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("transfer", HDR)
def test_hdr_becomes_bt_709(transfer: str, made: Any) -> None:
    clip = made(video("hdr.mp4", *HDR[transfer]))
    found = rendition(clip)["video"]
    assert (found["color_transfer"], found["color_primaries"]) == ("bt709", "bt709")
    assert found["color_space"] == "bt709"


@pytest.mark.parametrize(
    ("options", "rate", "expected"), [((), 120, 60), ((), 30, 30), (("-vsync", "vfr"), 10, 10)]
)
def test_the_frame_rate_is_kept_up_to_60(options: Any, rate: int, expected: int, made: Any) -> None:
    found = rendition(made(video("clip.mp4", *options, rate=rate)))["video"]
    assert found["avg_frame_rate"] == f"{expected}/1"


def test_a_variable_frame_rate_stays_in_sync(made: Any) -> None:
    # Every frame of the first second, then one in five.
    select = "select='lt(t,1)+not(mod(n,5))'"
    data = video("vfr.mp4", "-vf", select, "-vsync", "vfr", rate=20, seconds=4)
    found = rendition(made(data))
    durations = [float(found[kind]["duration"]) for kind in ("video", "audio")]
    assert durations[0] == pytest.approx(durations[1], abs=0.3)


def test_odd_sides_and_pixels_that_are_not_square(made: Any) -> None:
    clip = made(video("clip.webm", "-vf", "setsar=2/1", size="101x95"))
    assert (clip.width, clip.height) == (202, 95)
    assert size(rendition(clip)) == (102, 48)


def test_a_single_frame(made: Any) -> None:
    clip = made(video(seconds=0.1, sound=False))
    assert rendition(clip)["video"]["nb_frames"] == "1"
    assert Image.open(io.BytesIO(stored(clip, Poster()))).size == (128, 72)


def test_a_large_picture(made: Any) -> None:
    clip = made(video(size="3840x2160", rate=2))
    assert size(rendition(clip)) == (86, 48)
    assert Image.open(io.BytesIO(stored(clip, Poster()))).size == (1920, 1080)


def test_the_poster_is_not_the_black_of_a_fade(made: Any, settings: Any) -> None:
    data = video("fade.mp4", "-vf", "fade=in:0:20", seconds=4)
    poster = Image.open(io.BytesIO(stored(made(data), Poster())))
    assert ImageStat.Stat(poster.convert("L")).mean[0] > 60
    settings.SHIFT_MEDIA_VIDEO_POSTER = 0
    poster = Image.open(io.BytesIO(stored(made(data), Poster(at=0))))
    assert ImageStat.Stat(poster.convert("L")).mean[0] < 5


def test_streams_that_nobody_knows_are_left_out(made: Any, tmp_path: Path) -> None:
    path = tmp_path / "streams.mov"
    (tmp_path / "plain.mp4").write_bytes(video())
    plain = str(tmp_path / "plain.mp4")
    maps = ["-map", "0:a", "-map", "0:v", "-map", "0:a", "-map", "0:v"]
    ffmpeg("-i", plain, *maps, "-c", "copy", "-timecode", "01:00:00:00", str(path))
    data = bytearray(path.read_bytes())
    assert probe(bytes(data))["count"] >= 5
    at = data.rindex(b"mp4a")  # the sample entry of the last audio track
    data[at : at + 4] = b"apac"
    found = rendition(made(bytes(data)))
    assert (found["count"], found["audio"]["codec_name"]) == (2, "aac")


# -- hostile files --------------------------------------------------------------------------------


def test_a_header_of_ten_hours_is_refused(made: Any, settings: Any) -> None:
    data = long_header(video(), 36_000)
    message = "The video takes 36,000 seconds; the maximum is 7,200"
    with pytest.raises(FileTooLarge, match=message), transaction.atomic():
        made(data)
    settings.SHIFT_MEDIA_VIDEO_MAX_SECONDS = 40_000
    clip = made(data)  # it ends with its pictures
    assert float(rendition(clip)["duration"]) < 60 or clip.clip_state["state"] == "failed"


@pytest.mark.parametrize("name", ["clip.mp4", "clip.webm", "fragments.mp4"])
@pytest.mark.parametrize("tenth", range(10))
def test_a_file_that_ends_early_is_refused_or_ends_with_a_state(
    name: str, tenth: int, made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    fragments = ("-movflags", "frag_keyframe+empty_moov") if name == "fragments.mp4" else ()
    data = video(name, *fragments, seconds=3)
    try:
        clip = made(data[: len(data) * tenth // 10])
    except UnacceptableFile as error:
        assert str(error).startswith(("The video ", "The file ", "This is not a video"))
        return
    assert clip.clip_state["state"] in {"ready", "failed"}
    assert clip.clip_state["state"] == "ready" or clip.clip_state["reason"]


@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_file_that_is_overwritten_with_zeros_ends_with_a_state(tenth: int, made: Any) -> None:
    data = video(seconds=3)
    at, length = len(data) * tenth // 10, len(data) // 20
    try:
        clip = made(data[:at] + bytes(length) + data[at + length :])
    except UnacceptableFile:
        return
    assert clip.clip_state["state"] in {"ready", "failed"}


def test_a_playlist_behind_the_first_box_of_a_video_is_not_followed(made: Any) -> None:
    playlist = b"\n#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/secret.ts\n"
    for start in (b"\0\0\0\x08free", b"\0\0\0\x18ftypisom\0\0\0\0isommp42"):
        with pytest.raises(UnacceptableFile), transaction.atomic():
            made(start + playlist)
    clip = made(video() + playlist)  # after the video, it is ignored
    assert rendition(clip)["count"] == 2


def test_a_reference_to_another_file_is_not_followed(made: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(video())
    data = bytearray(video("clip.mov"))
    at = data.index(b"url \0\0\0\1") if b"url \0\0\0\1" in data else data.index(b"alis\0\0\0\1")
    data[at + 7] = 0  # not in this file
    clip = made(bytes(data))
    assert clip.clip_state["state"] in {"ready", "failed"}


def test_many_pixels_are_refused(made: Any) -> None:
    data = video()
    at = data.index(b"avc1", data.index(b"stsd")) + 28
    data = data[:at] + (16_000).to_bytes(2, "big") * 2 + data[at + 4 :]
    with pytest.raises(FileTooLarge, match="16,000 x 16,000 pixels"):
        made(data)


def test_nothing_is_left_in_the_folder_of_a_worker(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    made(video())
    made(without_pictures(video()))
    left = [path for path in (tmp_path / "temporary").rglob("*") if path.is_file()]
    assert left
    assert all(path.name.startswith("processor-") for path in left)
