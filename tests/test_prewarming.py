"""``warm_media`` makes each resize once, before anyone requests it."""

from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.core.files.base import ContentFile
from django.core.management import CommandError
from django.db import models, transaction
from django.test.utils import isolate_apps

from django_shift_media.fields import MediaField
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.buckets import new_bucket, operations
from tests.support.stored_objects import keys_of, new_key, put, tend

PRESETS = {
    "avatar": {"size": "96x96", "how": "fill", "format": "webp"},
    "card": {"widths": [40, 80], "formats": "webp,jpg"},
}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _presets(settings: Any) -> None:
    settings.SHIFT_MEDIA_PRESETS = PRESETS


def warm(*arguments: str) -> dict[str, int]:
    counts: dict[str, int] = tend("warm_media", *arguments)["counts"]
    return counts


def named_by_pages(photo: Photo) -> set[str]:
    """Return the keys of all that a page shows of a photo."""
    picture = photo.photo.picture("card")
    sources = [*picture.sources, picture.img]
    urls = {variant.url for source in sources for variant in source.srcset}
    base = media_storage().media_url
    return {url.removeprefix(base) for url in {photo.photo.resize("avatar"), *urls}}


def test_all_that_pages_name_is_made_once(any_storage: Any, small_jpeg: bytes) -> None:
    photos = [
        Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg"), focal_point=point)
        for point in ("", "10,90")
    ]
    all_keys = set.union(*map(named_by_pages, photos))
    assert len(all_keys) == 10
    arguments = ("gallery.Photo.photo", "--preset", "avatar,card")
    assert warm(*arguments, "--dry-run") == {"would be made": 10}
    assert warm(*arguments) == {"made": 10}
    assert keys_of(any_storage) == all_keys | {photo.photo.name for photo in photos}
    assert warm(*arguments) == {"already stored": 10}
    any_storage.delete_many(sorted(all_keys)[:3])
    assert warm(*arguments) == {"made": 3, "already stored": 7}


def test_one_fetch_for_all_sizes_and_few_listings(settings: Any, moto: Any) -> None:
    storage = new_bucket(settings, moto)
    for number in range(5):
        Photo.objects.create(photo=ContentFile(draw_photo(90, 90, seed=number), name="a.jpg"))
    sent = operations(storage)
    assert warm("gallery.Photo.photo", "--preset", "avatar,card") == {"made": 25}
    assert {name: sent.count(name) for name in sent} == {
        "ListObjectsV2": 1,
        "GetObject": 5,
        "PutObject": 25,
        "HeadObject": 5,  # of each original, after its resizes are stored
    }


def test_what_cannot_be_made_is_told(settings: Any) -> None:
    storage = media_storage()
    Photo.objects.create(photo=new_key())
    Photo.objects.create(photo=put(storage, new_key(), b"no image"))
    Attachment.objects.create()
    arguments = ("--preset", "avatar")
    assert warm("gallery.Photo.photo", *arguments) == {"missing": 1, "rejected": 1}
    assert warm("gallery.Attachment.preview", *arguments) == {}


def test_since(settings: Any, photo: Photo) -> None:
    arguments = ("gallery.Photo.photo", "--preset", "avatar", "--since")
    assert warm(*arguments, "2999-01-01") == {}
    assert warm(*arguments, "1h") == {"made": 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gallery.Photo.photo", "--preset", "avatar,none"), "Unknown preset 'none'"),
        (
            ("gallery.Photo.title", "--preset", "avatar"),
            "CharField. Use a MediaField. gallery.Photo has: photo.",
        ),
        (("album.Picture.image", "--preset", "avatar"), "ImageField. Use a MediaField"),
    ],
)
def test_arguments_that_make_no_sense(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        warm(*arguments)


# -- on commit ------------------------------------------------------------------------------------


@isolate_apps("gallery")
def test_a_preset_that_does_not_exist_is_reported() -> None:
    class Warm(models.Model):
        photo = MediaField(warm=["avatar", "avater"])

        class Meta:
            app_label = "gallery"

    field = Warm._meta.get_field("photo")
    [message] = [m for m in field.check() if m.id == "shift_media.E105"]
    assert isinstance(message, checks.Error)
    assert message.msg == "warm contains the unknown preset 'avater'."
    assert "warm" not in field.deconstruct()[3]


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_warmed_when_it_is_committed(
    settings: Any, small_jpeg: bytes, monkeypatch: Any, tmp_path: Path
) -> None:
    settings.SHIFT_MEDIA_ENQUEUE = "django_shift_media.generation.prewarm.make_missing"  # at once
    field = Photo._meta.get_field("photo")
    monkeypatch.setattr(field, "warm", ("avatar", "card"))
    with transaction.atomic():
        photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg"))
        assert keys_of(media_storage()) == {photo.photo.name}
    assert keys_of(media_storage()) == named_by_pages(photo) | {photo.photo.name}
    photo.save()
    with pytest.raises(RuntimeError), transaction.atomic():
        Photo.objects.create(photo=ContentFile(small_jpeg, name="b.jpg"))
        raise RuntimeError
    assert len(keys_of(media_storage())) == 7


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_is_down_keeps_nobody_from_uploading(
    settings: Any, small_jpeg: bytes, monkeypatch: Any, caplog: Any
) -> None:
    settings.SHIFT_MEDIA_ENQUEUE = "tests.test_prewarming.fail"
    monkeypatch.setattr(Photo._meta.get_field("photo"), "warm", ("avatar",))
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg"))
    assert photo.photo.read() == small_jpeg
    assert "The queue is down." in caplog.text


def fail(keys: list[str]) -> None:
    raise ConnectionError("The queue is down.")
