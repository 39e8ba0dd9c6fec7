"""Players of videos: what pages, APIs and scripts get, and the state that a page asks for."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.test import Client

from cinema.models import Clip
from django_shift_media.contrib.rest_framework import MediaSerializerField
from django_shift_media.exceptions import InvalidMetadata, InvalidResize
from django_shift_media.media.player_tokens import PlayerToken
from django_shift_media.naming.renditions import Poster, Rendition
from django_shift_media.video.facts import VideoFacts
from django_shift_media.video.states import initial, with_entry
from django_shift_media.widgets import MediaInput
from tests.support import video_queue
from tests.support.templates import jinja2, rendered
from tests.support.videos import video

NAME = "3c72aedc/ba25/41e6/a569/406c8f413974/clip.mp4/clip.mp4"
FACTS = VideoFacts(format="mp4", width=1920, height=1080, duration=1.0, codec="h264")
PRESETS: Any = {
    "web": {"height": 720},
    "small": {"height": 360},
    "modern": {"height": 720, "codec": "av1"},
}
WEB, SMALL, MODERN = (Rendition(**options) for options in PRESETS.values())
READY = {"state": "ready", "bytes": 5, "width": 640, "height": 360}


@pytest.fixture(autouse=True)
def _presets(settings: Any) -> None:
    settings.SHIFT_MEDIA_VIDEO_PRESETS = PRESETS
    video_queue.use(settings)


def clip_with(*ready: Any, pk: int | None = 1, **values: Any) -> Clip:
    state = initial(FACTS)
    for made in ready:
        state = with_entry(state, str(made), READY)
    return Clip(
        **{"pk": pk, "clip": NAME, "clip_state": state, "width": 1920, "height": 1080, **values}
    )


def stored(clip: Clip) -> Clip:
    """Write a row whose file nobody has uploaded."""
    Clip.objects.all().delete()
    Clip.objects.bulk_create([clip])
    return clip


def render(tag: str, clip: Any, **context: Any) -> str:
    return rendered("{% load shift_media %}" + tag, obj=clip, **context)


# -- sources --------------------------------------------------------------------------------------


def test_better_codecs_come_first_and_small_screens_get_small_files() -> None:
    player = clip_with(WEB, SMALL, MODERN).clip.video()
    found = [(each.type.partition(";")[0], each.media, each.width) for each in player.sources]
    assert found == [
        ("video/mp4", None, 1280),
        ("video/mp4", "(max-width: 640px)", 640),
        ("video/mp4", None, 1280),
    ]
    assert ["-av1-" in source.url for source in player.sources] == [True, False, False]
    assert (player.width, player.height, player.state, player.percent) == (
        1920,
        1080,
        "working",
        75,
    )


def test_the_type_has_the_codecs_that_the_file_has() -> None:
    clip = clip_with()
    entry = {**READY, "codecs": "avc1.64001f,mp4a.40.2"}
    clip.clip_state = with_entry(clip.clip_state, str(WEB), entry)
    html = render('{% video obj.clip "web" %}', clip)
    assert 'type="video/mp4; codecs=&quot;avc1.64001f,mp4a.40.2&quot;"' in html


def test_the_state_is_that_of_what_was_asked_for() -> None:
    clip = clip_with(Poster(), WEB)
    assert clip.clip.video("web").state == "ready"
    assert clip.clip.video("web,small").state == "working"
    assert clip_with(clip_state={}).clip.video().state is None


@pytest.mark.django_db
def test_the_names_of_codecs_are_read_from_the_file() -> None:
    clip = Clip.objects.create(clip=ContentFile(video(), name="a.mp4"))
    codecs = clip.clip_state["facts"]["codecs"]
    assert codecs.startswith("avc1.")
    assert codecs.endswith(",mp4a.40.2")


# -- tags -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("jinja2_templates")
def test_jinja2_and_python_have_the_same_player() -> None:
    clip = clip_with(Poster(), WEB, captions=NAME.replace(".mp4", ".vtt"))
    arguments = 'captions=obj.captions, poster="64x", loop=True, muted=True, playsinline=True'
    html = jinja2(f'{{{{ video(obj.clip, "web", {arguments}) }}}}', obj=clip)
    assert html == render(f"{{% video obj.clip 'web' {arguments.replace(',', '')} %}}", clip)
    [source] = clip.clip.video("web").sources
    assert source.url in html
    assert "loop muted playsinline>" in html


def test_captions_are_tracks() -> None:
    tracks = [
        {
            "src": "/de.vtt",
            "srclang": "de",
            "label": "Deutsch",
            "kind": "subtitles",
            "default": True,
        },
        {"src": "/chapters.vtt", "kind": "chapters"},
    ]
    html = render('{% video obj.clip "web" captions=tracks %}', clip_with(), tracks=tracks)
    assert '<track kind="subtitles" src="/de.vtt" srclang="de" label="Deutsch" default>' in html
    assert '<track kind="chapters" src="/chapters.vtt">' in html
    html = render('{% video obj.clip captions="/a.vtt" %}', clip_with())
    assert '<track kind="captions" src="/a.vtt"' in html
    assert "<track" not in render("{% video obj.clip captions=obj.captions %}", clip_with())


@pytest.mark.parametrize(
    ("captions", "message"),
    [
        (5, "not iterable"),
        ([5], "Invalid captions 5"),
        ([{"href": "/a.vtt"}], "Unknown options of captions: 'href'"),
        ([{"src": "/a.vtt", "kind": "lyrics"}], "Invalid kind 'lyrics'"),
        ([{"src": "/a.vtt", "kind": "subtitles"}], "requires a srclang"),
        ([{}], "src"),
    ],
)
def test_mistakes_in_captions_raise(captions: Any, message: str) -> None:
    with pytest.raises((InvalidResize, TypeError), match=message):
        render("{% video obj.clip captions=captions %}", clip_with(), captions=captions)


@pytest.mark.parametrize(
    "values",
    [
        {"clip": "no-key.mp4"},
        {"clip_state": {"made": 5}},
        {"clip_state": {"made": {"poster-auto.jpg": None}}},
        {"clip_state": {"facts": "x"}},
        {"clip_state": {"made": {"video-720-h264.mp4": {"percent": 5}}}},
        {"width": -5},
    ],
)
def test_a_bad_row_does_not_take_a_page_down(settings: Any, values: Any) -> None:
    clip = clip_with(**values)
    settings.SHIFT_MEDIA_STRICT = False
    assert render('{% video obj.clip "web" refresh=True %}', clip) == ""
    settings.SHIFT_MEDIA_STRICT = True
    with pytest.raises((InvalidMetadata, ValueError)):
        render('{% video obj.clip "web" refresh=True %}', clip)


# -- the state on the page ------------------------------------------------------------------------


def state_url(clip: Clip, **options: Any) -> str:
    url = clip.clip.video(**options).state_url
    assert url
    return url


@pytest.mark.django_db
def test_a_page_asks_for_the_state(client: Client) -> None:
    clip = stored(clip_with())
    html = render('{% video obj.clip "web" refresh=True %}', clip)
    assert html.startswith('<shift-video state-url="/media/video/?token=')
    assert '<progress max="100" value="0" aria-label="The video is being prepared">' in html
    answer = client.get(state_url(clip, presets="web")).json()
    assert (answer["state"], answer["poster"], answer["sources"]) == ("queued", None, [])
    assert "state_url" not in answer
    ready = stored(clip_with(Poster(), WEB))
    response = client.get(state_url(clip, presets="web"))
    assert response["Cache-Control"] == "no-store"
    answer = response.json()
    assert (answer["state"], answer["poster"]) == ("ready", str(clip.clip.resize("960x")))
    assert len(answer["sources"]) == 1
    assert render('{% video obj.clip "web" refresh=True %}', ready).startswith("<video ")


@pytest.mark.django_db
def test_only_what_a_page_has_rendered_is_answered(client: Client, settings: Any) -> None:
    clip = stored(clip_with())
    url = state_url(clip)
    [token] = parse_qs(urlsplit(url).query)["token"]
    assert client.get(url).status_code == 200
    for text in ("", "x", token[:-1], "a" + token, token.replace(":", "", 1)):
        assert client.get("/media/video/", {"token": text}).status_code == 404
    assert client.post(url).status_code == 405
    other = PlayerToken("cinema.clip.cover", "1", NAME, None, None).sign()
    assert client.get("/media/video/", {"token": other}).status_code == 404
    Clip.objects.update(clip=NAME.replace("clip", "other"))
    assert client.get(url).status_code == 404
    Clip.objects.all().delete()
    assert client.get(url).status_code == 404


@pytest.mark.django_db
def test_the_reason_of_a_failure_is_not_told_to_visitors(client: Client) -> None:
    clip = clip_with()
    failed = {"state": "failed", "reason": "secret.internal:9000 is down"}
    clip.clip_state = with_entry(clip.clip_state, str(WEB), failed)
    response = client.get(state_url(stored(clip)))
    assert response.json()["state"] == "failed"
    assert "secret" not in response.content.decode()


# -- captions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"WEBVTT", b"\xef\xbb\xbfWEBVTT - a title\n\n", b"WEBVTT\r\n\r\nNOTE x"]
)
@pytest.mark.django_db
def test_captions_are_stored_as_webvtt(data: bytes, client: Client, settings: Any) -> None:
    clip = Clip.objects.create(captions=ContentFile(data, name="Deutsch.txt"))
    assert clip.captions.name.endswith("/deutsch.vtt")
    settings.DEBUG = True
    response = client.get(clip.captions.url)
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("text/vtt", "nosniff")


@pytest.mark.parametrize(
    "data", [b"", b"WEBVTTX", b"1\n00:00:01,000 --> 00:00:02,000\nHi", b"WEBVTT\n\xff", b"<html>"]
)
def test_other_texts_are_refused(data: bytes) -> None:
    field: Any = Clip._meta.get_field("captions")
    with pytest.raises(ValidationError, match=r"captions|empty"):
        field.formfield().clean(ContentFile(data, name="a.vtt"))


# -- the admin and APIs ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "entry", "text", "has_preview"),
    [
        ([], None, "Waiting to be prepared", False),
        ([Poster()], {"state": "working", "percent": 40}, "Being prepared: 35 %", True),
        (
            [],
            {"state": "failed", "reason": "<b>no</b>"},
            "Could not be prepared: &lt;b&gt;no",
            False,
        ),
        ([Poster(), WEB, SMALL, MODERN], READY, "", True),
    ],
)
def test_the_widget_shows_the_poster_and_the_state(
    made: Any, entry: Any, text: str, has_preview: bool
) -> None:
    clip = clip_with(*made)
    if entry:
        clip.clip_state = with_entry(clip.clip_state, str(WEB), entry)
    html = MediaInput().render("clip", clip.clip, {})
    assert text in html
    assert ("shift-media-state" in html) == bool(text)
    assert ("<img" in html) == has_preview


def test_an_api_has_the_player() -> None:
    document = MediaSerializerField(video="web", poster="64x").to_representation(
        clip_with(WEB).clip
    )
    assert document is not None
    player = document["video"]
    assert (player["state"], player["percent"], player["width"]) == ("working", 50, 1920)
    assert player["poster"] == str(clip_with().clip.resize("64x"))
    assert [source["width"] for source in player["sources"]] == [1280]
