"""The system checks of a site whose videos MediaConvert encodes."""

from typing import Any

import pytest
from django.core.checks import run_checks

pytestmark = pytest.mark.django_db

ROLE = "arn:aws:iam::123456789012:role/videos"
QUEUE = "arn:aws:mediaconvert:eu-west-1:123456789012:queues/videos"


@pytest.fixture
def site(settings: Any, monkeypatch: Any) -> Any:
    monkeypatch.delenv("AWS_ENDPOINT_URL_MEDIACONVERT", raising=False)
    settings.SHIFT_MEDIA_VIDEO_MAKER = "django_shift_media.video.mediaconvert.MediaConvertMaker"
    settings.SHIFT_MEDIA_MEDIACONVERT_ROLE = ROLE
    settings.STORAGES = {**settings.STORAGES, "media": bucket()}
    settings.SHIFT_MEDIA_STORAGE = "media"
    return settings


def bucket(**options: Any) -> dict[str, Any]:
    known = {"bucket_name": "media-site", "region_name": "eu-central-1", "mode": "app"}
    return {
        "BACKEND": "django_shift_media.storages.s3.S3MediaStorage",
        "OPTIONS": {"access_key": "x", "secret_key": "x", **known, **options},
    }


def found(*, deploy: bool = False) -> list[str]:
    ids = [message.id for message in run_checks(include_deployment_checks=deploy)]
    return [id for id in ids if id and id[-4:] in {"W130", *(f"E05{n}" for n in range(7))}]


def test_nothing_is_wrong_with_a_bucket_and_a_role(site: Any) -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [
        ("SHIFT_MEDIA_MEDIACONVERT_ROLE", "", "E051"),
        ("SHIFT_MEDIA_MEDIACONVERT_ROLE", "videos", "E051"),
        ("SHIFT_MEDIA_MEDIACONVERT_QUEUE", "", "E052"),
        ("SHIFT_MEDIA_MEDIACONVERT_QUEUE", "a/b", "E052"),
        ("SHIFT_MEDIA_MEDIACONVERT_SECRET", "s" * 32, "E053"),
        ("SHIFT_MEDIA_MEDIACONVERT_QUEUE", QUEUE, "E054"),
        ("SHIFT_MEDIA_VIDEO_PRESETS", {"tiny": {"height": 16}}, "E055"),
        ("SHIFT_MEDIA_VIDEO_PRESETS", {"hls": {"ladder": [360]}}, "E056"),
        ("STORAGES", {"endpoint_url": "http://127.0.0.1:9000"}, "E050"),
        ("STORAGES", None, "E050"),
    ],
)
def test_a_mistake_is_found(site: Any, name: str, value: Any, id: str) -> None:
    if name == "STORAGES":
        folder = {"BACKEND": "django_shift_media.storages.local.LocalMediaStorage"}
        value = {**site.STORAGES, "media": bucket(**value) if value else folder}
    setattr(site, name, value)
    assert found() == [f"shift_media.{id}"]


def test_events_have_their_url(site: Any) -> None:
    site.SHIFT_MEDIA_MEDIACONVERT_SECRET = "s" * 32
    site.ROOT_URLCONF = "tests.support.urls_of_mediaconvert"
    assert found() == []


@pytest.mark.parametrize("secret", ["short", "s" * 31, "s" * 600, f"{'s' * 40} ", "ä" * 40])
def test_a_secret_that_could_be_guessed_is_refused_and_not_printed(site: Any, secret: str) -> None:
    site.SHIFT_MEDIA_MEDIACONVERT_SECRET_FALLBACKS = [secret]
    [message] = [each for each in run_checks() if each.id == "shift_media.E002"]
    assert message.msg.startswith("SHIFT_MEDIA_MEDIACONVERT_SECRET_FALLBACKS[0] must be")
    assert secret not in message.msg


def test_a_cache_of_one_process_is_reported_for_a_deployment(site: Any) -> None:
    assert found(deploy=True) == ["shift_media.W130"]
    site.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
    assert found(deploy=True) == []
