"""The names of renditions and posters: docs/reference/url-format.rst. They may only grow."""

from pathlib import Path
from typing import Any

import pytest
from django.core.signing import BadSignature

from django_shift_media.aws.access import read_statement
from django_shift_media.aws.policy_evaluation import anyone_may
from django_shift_media.exceptions import InvalidKey, InvalidResize
from django_shift_media.naming import keys, signing
from django_shift_media.naming.formats import served_content_type
from django_shift_media.naming.original_names import content_disposition
from django_shift_media.naming.renditions import (
    Ladder,
    Made,
    Poster,
    Rendition,
    main_key,
    parse_made,
    sign,
    unsign,
)
from django_shift_media.storages.local import LocalMediaStorage
from tests import frozen

ORIGINAL = "3c72aedc/ba25/41e6/a569/406c8f413974/clip.mp4/clip.mp4"
MADE: dict[str, Made] = {
    "video-720-h264.mp4": Rendition(height=720),
    "video-480-vp9.webm": Rendition(height=480, codec="vp9"),
    "video-1080-av1.mp4": Rendition(height=1080, codec="av1", quality=35),
    "video-360q28fps30mutev2-h264.mp4": Rendition(
        height=360, quality=28, fps=30, mute=True, version=2
    ),
    "video-240q40loud-vp9.webm": Rendition(height=240, codec="vp9", quality=40, loudness=True),
    "video-hls-360x720x1080-h264.m3u8": Ladder(ladder=(360, 720, 1080)),
    "video-hls-240q28fps30mutev2-h264.m3u8": Ladder(
        ladder=(240,), quality=28, fps=30, mute=True, version=2
    ),
    "poster-auto.jpg": Poster(),
    "poster-at0.jpg": Poster(at=0),
    "poster-at1500v3.jpg": Poster(at=1500, version=3),
}


def test_all_published_names_are_here() -> None:
    assert tuple(MADE) == frozen.MADE


@pytest.mark.parametrize("text", MADE)
def test_a_text_and_a_value_stand_for_each_other(text: str) -> None:
    assert parse_made(text) == MADE[text]
    assert str(MADE[text]) == text


@pytest.mark.parametrize(
    "text",
    [
        *("video-0-h264.mp4", "video-15-h264.mp4", "video-4321-h264.mp4", "video-0720-h264.mp4"),
        *("video-720-h264.webm", "video-720-vp9.mp4", "video-720-h265.mp4", "video--h264.mp4"),
        *("video-720q23-h264.mp4", "video-720q64-h264.mp4", "video-720q0-h264.mp4"),
        *("video-720fps60-h264.mp4", "video-720fps121-h264.mp4", "video-720v1-h264.mp4"),
        *("video-720muteloud-h264.mp4", "video-720loudmute-h264.mp4", "video-720v1000-h264.mp4"),
        *(
            "poster-at-1.jpg",
            "poster-at01.jpg",
            "poster-autov1.jpg",
            "poster-auto.png",
            "poster.jpg",
        ),
        *("video-hls-h264.m3u8", "video-hls-720x360-h264.m3u8", "video-hls-360x360-h264.m3u8"),
        *("video-hls-360x-h264.m3u8", "video-hls-360q23-h264.m3u8", "video-hls-360-vp9.m3u8"),
        *("video-hls-360-h264.mp4", "video-hls-8x360-h264.m3u8"),
        *("poster-at360000001.jpg", "video-٧٢٠-h264.mp4", "video-720-h264.mp4\n", ""),
    ],
)
def test_there_is_one_spelling_of_each(text: str) -> None:
    with pytest.raises(InvalidResize):
        parse_made(text)


@pytest.mark.parametrize(
    "options",
    [
        {"height": 15},
        {"height": "720"},
        {"height": True},
        {"height": 720, "codec": "h265"},
        {"height": 720, "mute": 1},
        {"height": 720, "quality": 0},
        {"height": 720, "fps": 0.5},
        {"ladder": [720, 360]},
        {"ladder": []},
        {"ladder": "360"},
        {"ladder": [360, "720"]},
        {"ladder": [True, 360]},
        {"ladder": list(range(16, 25))},
        {"ladder": [360], "quality": 64},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidResize, match=r"Invalid \w+ .+\. Use "):
        Ladder(**options) if "ladder" in options else Rendition(**options)


@pytest.mark.parametrize("text", MADE)
def test_a_signed_key_says_all(text: str) -> None:
    key = sign(ORIGINAL, MADE[text])
    assert unsign(key) == (ORIGINAL, MADE[text])
    assert keys.is_made(key)
    assert not keys.is_original(key)
    assert keys.original_of(key) == ORIGINAL
    with pytest.raises(InvalidKey):  # a resize is something else
        signing.unsign(key)


def test_the_files_of_a_ladder_share_its_signature() -> None:
    ladder = Ladder(ladder=(360, 720))
    key = sign(ORIGINAL, ladder)
    folder = key.removesuffix("master.m3u8")
    for name in ("master.m3u8", "360.m3u8", "360.mp4", "720s0.mp4", "audio.m3u8", "audios12.mp4"):
        assert unsign(folder + name) == (ORIGINAL, ladder)
        assert keys.original_of(folder + name) == ORIGINAL
        assert main_key(folder + name) == key
        assert content_disposition(folder + name) == "inline"
    for name in (
        "480.mp4",
        "0360.mp4",
        "master.mp4",
        "a.m3u8",
        "360.ts",
        "",
        "360s01.mp4",
        "360s1.m3u8",
    ):
        with pytest.raises((InvalidKey, InvalidResize)):
            unsign(folder + name)
    with pytest.raises(InvalidKey):
        unsign(sign(ORIGINAL, Ladder(ladder=(360,), mute=True)).replace("master", "audio"))


def test_only_playlists_of_workers_are_shown_to_players() -> None:
    key = sign(ORIGINAL, Ladder(ladder=(360,)))
    assert served_content_type(key) == "application/vnd.apple.mpegurl"
    upload = ORIGINAL.replace("clip.mp4", Path(key).parent.name + ".m3u8")
    for name in (upload, "master.m3u8", key.partition("/")[2]):
        assert served_content_type(name) == "application/octet-stream"


@pytest.mark.parametrize(
    "text",
    [
        "video-360q28fps30mutev2-h264.mp4",
        "poster-at1500v3.jpg",
        "video-hls-240q28fps30mutev2-h264.m3u8",
    ],
)
def test_no_character_of_a_signed_key_can_be_changed(text: str) -> None:
    key = sign(ORIGINAL, MADE[text])
    for position, character in enumerate(key):
        for other in {"0", "1", "a", "z", "-", "/", "."} - {character}:
            with pytest.raises((BadSignature, InvalidKey, InvalidResize)):
                unsign(key[:position] + other + key[position + 1 :])


def test_a_signature_is_good_for_one_name_only() -> None:
    signature = sign(ORIGINAL, Rendition(height=720))[-36:-4]
    for text in MADE:
        if text != "video-720-h264.mp4":
            with pytest.raises((BadSignature, InvalidKey)):
                unsign(keys.build_resize(ORIGINAL, text, signature))


@pytest.mark.parametrize("text", MADE)
def test_a_bucket_with_private_originals_lets_everybody_read_it(text: str) -> None:
    policy = {"Statement": read_statement("films", private_originals=True)}
    assert anyone_may(policy, "s3:GetObject", f"films/{sign(ORIGINAL, MADE[text])}")
    assert not anyone_may(policy, "s3:GetObject", f"films/{ORIGINAL}")


def test_no_upload_gets_such_a_name() -> None:
    name = Path(sign(ORIGINAL, Poster())).name
    key = keys.new_original(name)
    assert keys.is_original(key)
    assert not keys.is_made(key)


def test_it_is_deleted_with_its_original(tmp_path: Path) -> None:
    storage = LocalMediaStorage(location=tmp_path)
    (tmp_path / ORIGINAL).parent.mkdir(parents=True)
    for key in [ORIGINAL, *(sign(ORIGINAL, made) for made in MADE.values())]:
        storage.put(key, b"x")
    storage.delete(ORIGINAL)
    assert list(tmp_path.iterdir()) == []
