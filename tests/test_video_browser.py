"""Videos in Chromium: shown when they are ready, played, and as they were made."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import testcases
from PIL import Image

from cinema.models import Clip
from django_shift_media.naming.renditions import Poster, sign
from django_shift_media.storages.selection import media_storage
from tests.support import video_queue
from tests.support.browsing import fetch
from tests.support.buckets import use_bucket
from tests.support.cinemas import QUARTERS, Cinema
from tests.support.requirements import missing
from tests.support.upload_desks import direct_bucket
from tests.support.video_queue import work
from tests.support.videos import turned, video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.server, pytest.mark.browser]

CORNERS = ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75))
RED, LIME, BLUE, BLACK = [255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0]
CAPTIONS = b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"
POLICY = (
    "default-src 'none'; script-src 'self'; img-src {media}; media-src {media}; connect-src 'self'"
)


@pytest.fixture(autouse=True)
def _queue(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # live_server looks into MEDIA_ROOT itself, before the view is asked.
    monkeypatch.setattr(testcases._MediaFilesHandler, "_should_handle", lambda *args: False)
    settings.SHIFT_MEDIA_VIDEO_PRESETS = {"web": {"height": 720}}
    settings.DEBUG = True  # static files
    video_queue.use(settings)


@pytest.fixture
def cinema(chromium: Any, live_server: Any) -> Iterator[Any]:
    opened: list[Cinema] = []

    def open(clip: Clip) -> Cinema:
        opened.append(Cinema(chromium, live_server.url, clip))
        return opened[-1]

    yield open
    for each in opened:
        each.page.close()
        assert each.errors == []


def is_close(color: list[int], wanted: list[int], tolerance: int = 24) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(color, wanted, strict=True))


def test_a_page_shows_a_video_when_it_is_ready_without_a_reload(cinema: Any, settings: Any) -> None:
    settings.GALLERY_POLICY = POLICY.format(media="'self'")
    data = turned(90, size="128x72", seconds=3, pictures=QUARTERS)
    clip = Clip.objects.create(
        title="Quarters",
        clip=ContentFile(data, name="clip.mov"),
        captions=ContentFile(CAPTIONS, name="hello.txt"),
    )
    page = cinema(clip)
    assert page.get("poster").endswith(".jpg")
    progress = page.page.get_by_role("progressbar", name="The video is being prepared")
    assert progress.is_visible()
    work()
    page.wait_for("video.readyState >= 2 && video.currentSrc.includes('-h264-')")
    assert not progress.is_visible()
    assert page.page.evaluate("window.isTheSamePage")
    assert page.get("duration") == pytest.approx(3, abs=0.2)
    assert (page.get("videoWidth"), page.get("videoHeight")) == (72, 128)


@pytest.mark.nightly
@pytest.mark.parametrize("codec", ["h264", "vp9", "av1"])
def test_a_rendition_has_the_colors_of_the_original(cinema: Any, settings: Any, codec: str) -> None:
    settings.SHIFT_MEDIA_VIDEO_PRESETS = {"web": {"height": 720, "codec": codec}}
    data = video(size="256x144", pictures=QUARTERS)
    clip = Clip.objects.create(clip=ContentFile(data, name="a.mp4"))
    original = cinema(clip)
    original.wait_for("video.readyState >= 2")
    work()
    clip.refresh_from_db()
    page = cinema(clip)
    page.wait_for(f"video.readyState >= 2 && video.currentSrc.includes('-{codec}-')")
    assert [each.seek(0.5) for each in (original, page)] == [0.5, 0.5]
    assert original.pixels(*CORNERS)[3] == BLACK
    assert is_close(original.pixels(*CORNERS)[0], RED), "the browser has drawn the frame"
    for wanted, color in zip(original.pixels(*CORNERS), page.pixels(*CORNERS), strict=True):
        assert is_close(color, wanted, 8), (color, wanted)
    picture = Image.open(io.BytesIO(media_storage().get(sign(clip.clip.name, Poster()))))
    for (x, y), color in zip(CORNERS, page.pixels(*CORNERS), strict=True):
        found = picture.convert("RGB").getpixel((int(x * picture.width), int(y * picture.height)))
        assert is_close(list(found), color, 12), (found, color)
    page.play()


@pytest.mark.nightly
@pytest.mark.parametrize("running_server", ["ceph"])
def test_the_loop_on_ceph(
    new_desk: Any, chromium: Any, live_server: Any, settings: Any, running: Any, monkeypatch: Any,
    tmp_path: Any, running_server: str,
) -> None:  # fmt: skip
    storage = direct_bucket(settings, running(running_server), live_server.url)
    settings.GALLERY_POLICY = ""
    monkeypatch.setattr(Clip._meta.get_field("clip"), "direct", True)
    path = tmp_path / "clip.mp4"
    path.write_bytes(video(size="320x180", seconds=20, pictures=QUARTERS))
    desk = new_desk()
    desk.page.goto(f"{live_server.url}/admin/cinema/clip/add/", wait_until="load")
    sent: list[int] = []
    desk.page.on("request", lambda request: note_size(sent, live_server.url, request))
    desk.page.set_input_files("[name=clip]", path)
    desk.page.get_by_role("status").filter(has_text="Uploaded").wait_for()
    desk.save()
    assert max(sent) < 10_000, "the browser has sent the file to the app"
    clip = Clip.objects.get()
    assert storage.get(clip.clip.name) == path.read_bytes()

    page = Cinema(chromium, live_server.url, clip)
    work()
    page.wait_for("video.readyState >= 2 && video.currentSrc.includes('-h264-')")
    assert page.page.evaluate("window.isTheSamePage")
    assert page.seek(15) == pytest.approx(15)
    answers = [response for response in page.responses if response.url == page.get("currentSrc")]
    url = page.get("currentSrc")
    assert url.startswith(storage.media_url)
    part = fetch(url, Range="bytes=100-199")
    assert (part.status, len(part.body)) == (206, 100), "the bucket serves it"
    assert answers

    # All but the original can be deleted; the page heals.
    [(_, entries)] = storage.list_uploads([clip.clip.name])
    storage.delete_many([entry.key for entry in entries if entry.key != clip.clip.name])
    gone = fetch(fetch(url).headers["Location"])
    assert (gone.status, gone.headers["Retry-After"]) == (503, "10")
    fetch(fetch(str(Clip.objects.get().clip.resize("320x"))).headers["Location"])
    work()
    page = Cinema(chromium, live_server.url, clip)
    page.wait_for("video.readyState >= 2 && video.currentSrc.includes('-h264-')")
    page.page.wait_for_load_state("networkidle")
    assert fetch(page.get("poster")).status == 200


@pytest.mark.nightly
@pytest.mark.parametrize("running_server", ["ceph"])
def test_hls_js_plays_a_ladder_from_a_bucket(
    cinema: Any, live_server: Any, settings: Any, running: Any, running_server: str
) -> None:
    script = Path("node_modules/hls.js/dist/hls.min.js")
    if not script.is_file():
        missing("hls.js: npm install --no-save hls.js@1.7.4")
    settings.SHIFT_MEDIA_VIDEO_PRESETS = {"hls": {"ladder": [90, 180, 360]}}
    use_bucket(settings, running(running_server))
    site = live_server.url
    options = ("--create", "--no-input", "--app-url", site, "--cors-origin", site)
    call_command("configure_media_bucket", *options)
    data = video(size="320x180", seconds=20, pictures=QUARTERS)
    clip = Clip.objects.create(clip=ContentFile(data, name="a.mov"))
    work()
    for is_native in (True, False):
        page = cinema(clip)
        if is_native and not page.get("canPlayType('application/vnd.apple.mpegurl')"):
            continue
        if not is_native:
            page.page.evaluate("HTMLMediaElement.prototype.canPlayType = () => ''")
            page.page.evaluate(script.read_text())
            page.page.evaluate(f"() => {{ {documented_script()} }}")
            page.wait_for("video.currentSrc.startsWith('blob:')")
        page.wait_for("video.readyState >= 2")
        assert page.get("duration") == pytest.approx(20, abs=0.2)
        assert page.seek(15) == pytest.approx(15)
        # Without hls.js, the frames are of another origin, so that no script can read them.
        assert is_native or is_close(page.pixels(*CORNERS)[0], RED)
        page.play()
        names = {each.url.rpartition("/")[2] for each in page.responses}
        assert names & {"audios2.mp4"}
        assert names & {"90s2.mp4", "180s2.mp4"}


def documented_script() -> str:
    """Return the script that the page on videos tells sites to use."""
    page = Path("docs/howto/video.rst").read_text()
    [block] = re.findall(r"code-block:: javascript\n\n((?:    .*\n|\n)+)", page)
    assert "new Hls()" in block
    return block


def note_size(sent: list[int], site: str, request: Any) -> None:
    if request.url.startswith(site):
        sent.append(len(request.post_data_buffer or b""))
