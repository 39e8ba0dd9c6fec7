"""The state of a video in its row, and what pages and checks make of it."""

from typing import Any

import pytest
from django.db import models
from django.test.utils import isolate_apps

from cinema.models import Clip
from django_shift_media.exceptions import InvalidResize
from django_shift_media.fields import MediaField
from django_shift_media.naming.renditions import Poster, Rendition
from django_shift_media.video.checks import check_deployment, check_settings
from django_shift_media.video.commands import rendition_size
from django_shift_media.video.facts import VideoFacts
from django_shift_media.video.states import initial, is_ready, with_entry
from gallery.models import Photo
from tests.support.templates import rendered

NAME = "3c72aedc/ba25/41e6/a569/406c8f413974/clip.mp4/clip.mp4"
FACTS = VideoFacts(format="mp4", width=64, height=36, duration=1.0, codec="h264")
WEB, AUTO = Rendition(height=720), Poster()


def state_with(**entries: dict[str, Any]) -> dict[str, Any]:
    state = initial(FACTS, [AUTO, WEB])
    for made, key in ((AUTO, "poster"), (WEB, "web")):
        if key in entries:
            state = with_entry(state, str(made), entries[key])
    return state


@pytest.mark.parametrize(
    ("entries", "state", "percent"),
    [
        ({}, "queued", 0),
        ({"poster": {"state": "ready"}}, "working", 50),
        ({"web": {"state": "working", "percent": 40}}, "working", 20),
        ({"poster": {"state": "ready"}, "web": {"state": "working", "percent": 40}}, "working", 70),
        ({"poster": {"state": "ready"}, "web": {"state": "ready"}}, "ready", 100),
        ({"web": {"state": "failed", "reason": "x"}}, "failed", 0),
    ],
)
def test_the_state_sums_up_what_is_made(entries: Any, state: str, percent: int) -> None:
    found = state_with(**entries)
    assert (found["state"], found["percent"]) == (state, percent)
    assert found["reason"] == entries.get("web", {}).get("reason", "")
    assert is_ready(found, WEB) == (entries.get("web") == {"state": "ready"})


@pytest.mark.parametrize("state", [None, {}, {"made": {}}])
def test_a_row_may_have_no_state_yet(state: Any) -> None:
    assert not is_ready(state, WEB)
    assert with_entry(state, str(WEB), {"state": "ready"})["state"] == "ready"


@pytest.mark.parametrize(
    ("size", "height", "expected"),
    [
        ((1920, 1080), 720, (1280, 720)),
        ((1080, 1920), 720, (720, 1280)),
        ((321, 181), 720, (320, 180)),
        ((1, 1), 720, (2, 2)),
        ((10_000, 2), 720, (10_000, 2)),
        ((3840, 1606), 1080, (2582, 1080)),
    ],
)
def test_sides_are_even_and_never_enlarged(size: Any, height: int, expected: Any) -> None:
    assert rendition_size(size, height) == expected


# -- tags -----------------------------------------------------------------------------------------


def render(tag: str, clip: Any) -> str:
    return rendered("{% load shift_media %}" + tag, obj=clip)


def test_a_page_needs_neither_the_database_nor_the_storage(settings: Any) -> None:
    # Without the fixture "db", a query would fail, and nothing is stored under this name.
    settings.SHIFT_MEDIA_VIDEO_PRESETS = {"web": {"height": 720}}
    clip = Clip(clip=NAME, clip_state=state_with(web={"state": "ready"}), width=64, height=36)
    html = render('{% video obj.clip "web" class="film" data_id=5 preload="none" %}', clip)
    assert 'width="64" height="36" class="film" data-id="5" preload="none">' in html
    assert html.count("<source") == 1
    assert 'type="video/mp4"></video>' in html


def test_what_no_browser_plays_is_not_shown() -> None:
    html = render("{% video obj.clip poster=None %}", Clip(clip=NAME, clip_state=state_with()))
    assert html == "<video></video>"


def test_mistakes_in_a_template_raise() -> None:
    clip = Clip(clip=NAME)
    with pytest.raises(InvalidResize, match="Unknown video preset 'big'"):
        render('{% video obj.clip "web,big" %}', clip)
    with pytest.raises(InvalidResize, match="'contols' is not an attribute of <video>"):
        render('{% video obj.clip "web" contols=True %}', clip)
    with pytest.raises(InvalidResize, match=r'kind="video"; that of \'photo\' is \'image\''):
        render("{% video obj.photo %}", Photo(photo=NAME))
    assert render("{% video obj.clip %}", Clip()) == ""


# -- checks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [
        ("SHIFT_MEDIA_VIDEO_PRESETS", {"web": {"height": 9}}, "E040"),
        ("SHIFT_MEDIA_VIDEO_PRESETS", {"web": {"width": 720}}, "E040"),
        ("SHIFT_MEDIA_VIDEO_PRESETS", {"web": 720}, "E040"),
        ("SHIFT_MEDIA_VIDEO_MAKER", "gallery.models.NoMaker", "E041"),
    ],
)
def test_settings_are_checked(settings: Any, name: str, value: Any, id: str) -> None:
    assert list(check_settings()) == []
    setattr(settings, name, value)
    assert [message.id for message in check_settings()] == [f"shift_media.{id}"]


def test_a_deployment_needs_workers(settings: Any) -> None:
    assert [message.id for message in check_deployment()] == ["shift_media.W120"]
    settings.SHIFT_MEDIA_ENQUEUE = "django_shift_media.contrib.celery.enqueue"
    assert list(check_deployment()) == []


@isolate_apps("gallery")
def test_fields_are_checked(settings: Any) -> None:
    settings.SHIFT_MEDIA_PRESETS = {"avatar": {"size": "9x9"}}

    class Film(models.Model):
        film = MediaField(kind="video", video_field="state", poster_field="state", warm=["avatar"])
        state = models.TextField()

        class Meta:
            app_label = "gallery"

    found = [message.id for message in Film.check()]
    assert found == ["shift_media.E043", "shift_media.E044", "shift_media.W121"]
