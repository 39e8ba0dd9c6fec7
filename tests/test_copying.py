"""``copy_media``: originals from one media storage into another, so that nobody is locked in."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError

from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.buckets import operations
from tests.support.stored_objects import is_on_s3, keys_of, new_key, put, resize_of, tend


def copy(*arguments: str) -> dict[str, int]:
    counts: dict[str, int] = tend("copy_media", *arguments)["counts"]
    return counts


@pytest.fixture
def other(any_storage: Any, settings: Any, tmp_path: Path, moto: Any) -> Any:
    """Another folder for a bucket, and another bucket for a folder."""
    bucket = {**moto.storage_options("another"), "mode": "app"}
    there = {
        "BACKEND": "django_shift_media.storages.local.LocalMediaStorage",
        "OPTIONS": {"location": tmp_path / "other"},
    }
    if not is_on_s3(any_storage):
        there = {"BACKEND": "django_shift_media.storages.s3.S3MediaStorage", "OPTIONS": bucket}
    here = settings.STORAGES.get(
        "media", {"BACKEND": "django_shift_media.storages.local.LocalMediaStorage"}
    )
    settings.STORAGES = {**settings.STORAGES, "media": here, "other": there}
    settings.SHIFT_MEDIA_STORAGE = "media"
    storage = storages["other"]
    if is_on_s3(storage):
        storage.client.create_bucket(Bucket="another")
    yield storage
    if is_on_s3(storage):
        storage.bucket.objects.delete()
        storage.bucket.delete()


def test_originals_move_there_and_back(any_storage: Any, other: Any, photo: Photo) -> None:
    storage = media_storage()
    originals = {photo.photo.name, *(put(storage, new_key()) for _ in range(5))}
    put(storage, resize_of(photo.photo.name))
    put(storage, "a-file-of-others.txt")
    assert copy("--to", "other", "--dry-run") == {"would be copied": 6}
    assert keys_of(other) == set()
    assert copy("--to", "other") == {"copied": 6}
    assert keys_of(other) == originals
    assert other.get(photo.photo.name) == storage.get(photo.photo.name)
    assert copy("--to", "other") == {"already stored": 6}
    assert copy("--to", "other", "--checksum") == {"already stored": 6}
    storage.delete(photo.photo.name)
    assert copy("--from", "other", "--to", "media") == {"copied": 1, "already stored": 5}
    assert storage.get(photo.photo.name) == other.get(photo.photo.name)


@pytest.mark.parametrize("any_storage", ["local", "moto"], indirect=True)
def test_what_differs_is_told_and_not_overwritten(any_storage: Any, other: Any) -> None:
    shorter, changed = (put(media_storage(), new_key(), b"data") for _ in range(2))
    put(other, shorter, b"dat")
    put(other, changed, b"DATA")
    assert copy("--to", "other") == {"already stored": 1, "different": 1}
    assert copy("--to", "other", "--checksum") == {"different": 2}
    assert (other.get(shorter), other.get(changed)) == (b"dat", b"DATA")


def test_between_buckets_the_server_copies(settings: Any, moto: Any) -> None:
    options = {name: moto.storage_options(name) for name in ("from-bucket", "to-bucket")}
    s3 = "django_shift_media.storages.s3.S3MediaStorage"
    settings.STORAGES = {
        **settings.STORAGES,
        **{name: {"BACKEND": s3, "OPTIONS": options[name]} for name in options},
    }
    for name in options:
        storages[name].client.create_bucket(Bucket=name)
    key = put(storages["from-bucket"], new_key("film.mp4"), bytes(100_000))
    read, written = operations(storages["from-bucket"]), operations(storages["to-bucket"])
    assert copy("--from", "from-bucket", "--to", "to-bucket") == {"copied": 1}
    assert "GetObject" not in read + written
    assert written.count("CopyObject") == 1
    head = storages["to-bucket"].client.head_object(Bucket="to-bucket", Key=key)
    assert head["ContentType"] == "video/mp4"


@pytest.mark.parametrize(
    ("alias", "message"),
    [
        ("nowhere", "nowhere"),
        ("staticfiles", r"STORAGES\['staticfiles'\] is a StaticFilesStorage, not a media storage"),
    ],
)
def test_storages_that_make_no_sense(alias: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        copy("--to", alias)
