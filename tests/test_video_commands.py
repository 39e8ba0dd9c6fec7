"""What commands do with posters, renditions and the state of videos."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command

from cinema.models import Clip
from django_shift_media.naming.renditions import Poster, Rendition, sign
from django_shift_media.storages.selection import media_storage
from tests.support import video_queue
from tests.support.video_queue import jobs, work
from tests.support.videos import video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.server]

WEB = Rendition(height=16)


@pytest.fixture
def clip(settings: Any, tmp_path: Any) -> Clip:
    """A video whose poster, rendition and one resize are stored."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SHIFT_MEDIA_VIDEO_PRESETS = {"web": {"height": 16}}
    settings.SHIFT_MEDIA_PRESETS = {"card": {"size": "16x16"}}
    settings.STORAGES = {
        **settings.STORAGES,
        "copies": {
            "BACKEND": "django_shift_media.storages.local.LocalMediaStorage",
            "OPTIONS": {"location": str(tmp_path / "copies")},
        },
    }
    video_queue.use(settings)
    created = Clip.objects.create(clip=ContentFile(video(size="32x18", sound=False), name="a.mp4"))
    work()
    return Clip.objects.get(pk=created.pk)


def kinds(clip_name: str, storage: Any = None) -> set[str]:
    """Return what is stored of an upload: "original", "poster", "video" and "resize"."""
    storage = storage or media_storage()
    made = {sign(clip_name, Poster()): "poster", sign(clip_name, WEB): "video"}
    made[clip_name] = "original"
    [(_, entries)] = list(storage.list_uploads([clip_name])) or [(clip_name, [])]
    return {made.get(entry.key, "resize") for entry in entries}


def test_warm_media_makes_resizes_of_the_poster(clip: Clip) -> None:
    call_command("warm_media", "cinema.Clip.clip", "--preset", "card", verbosity=0)
    assert kinds(clip.clip.name) == {"original", "poster", "video", "resize"}


def test_clear_media_resizes_clears_what_views_heal(clip: Clip, client: Any) -> None:
    url, source = str(clip.clip.resize("card")), clip.clip.video().sources[0].url
    assert client.get(url).status_code == 200
    call_command("clear_media_resizes", verbosity=0)
    assert "original" in kinds(clip.clip.name)
    # Posters and renditions take workers long, so they are not cleared.
    assert kinds(clip.clip.name) == {"original", "poster", "video"}
    assert [client.get(each).status_code for each in (url, source)] == [200, 200]


def test_clean_media_orphans_deletes_all_of_a_video_that_no_row_names(clip: Clip) -> None:
    name = clip.clip.name
    call_command("clean_media_orphans", "--delete", "--grace", "0d", verbosity=0)
    assert kinds(name) == {"original", "poster", "video"}
    Clip.objects.all()._raw_delete("default")
    call_command("clean_media_orphans", "--delete", "--grace", "0d", verbosity=0)
    assert kinds(name) == set()


def test_copy_media_copies_the_original(clip: Clip) -> None:
    call_command("copy_media", "--to", "copies", verbosity=0)
    assert kinds(clip.clip.name, media_storage("copies")) == {"original"}


def test_erase_media_erases_all_of_a_video(clip: Clip) -> None:
    name = clip.clip.name
    call_command("erase_media", name, "--no-input", verbosity=0)
    assert kinds(name) <= {"resize"}, "only the tombstone is left"
    work()
    assert not jobs


def test_nothing_is_enqueued_again_if_nothing_is_missing(clip: Clip, capsys: Any) -> None:
    call_command("retry_media_video", "--dry-run")
    assert "would be enqueued" not in capsys.readouterr().out
