"""What projects test with: media in memory or in a folder, and images to upload."""

import unittest
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.test import TestCase
from PIL import Image

from django_shift_media.storages.erasure import tombstone_of
from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.storages.selection import media_storage
from django_shift_media.testing import (
    InMemoryMediaStorage,
    IsolatedMediaMixin,
    isolated_media,
    sample_image,
)
from gallery.models import Photo
from tests.support.buckets import use_bucket
from tests.support.stored_objects import keys_of


@pytest.mark.django_db
def test_media_in_memory_are_served_and_forgotten(client: Any) -> None:
    before = media_storage()
    with isolated_media():
        photo = Photo.objects.create(photo=sample_image())
        answer = client.get(photo.photo.resize("20x"))
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/jpeg"
        [page] = media_storage().list_pages("")
        assert len(page) == 2  # the original and the resize
        name = photo.photo.name
    assert media_storage() is before
    with isolated_media():
        assert not media_storage().exists(name)


@pytest.mark.django_db(transaction=True)
def test_media_in_memory_are_erased(client: Any) -> None:
    with isolated_media():
        photo = Photo.objects.create(photo=sample_image())
        name, resize = photo.photo.name, photo.photo.resize("20x")
        assert client.get(resize).status_code == 200
        photo.photo.erase()
        assert client.get(resize).status_code == 404
        assert keys_of(media_storage()) == {tombstone_of(name)}


@pytest.mark.django_db
def test_media_in_a_folder(tmp_path: Path) -> None:
    with isolated_media(tmp_path):
        photo = Photo.objects.create(photo=sample_image())
        assert isinstance(media_storage(), LocalMediaStorage)
        assert Path(photo.photo.path).is_relative_to(tmp_path)
        assert keys_of(media_storage()) == {photo.photo.name}


def test_no_test_touches_a_bucket(settings: Any, moto: Any) -> None:
    use_bucket(settings, moto)
    settings.STORAGES = {**settings.STORAGES, "private": settings.STORAGES["media"]}
    with isolated_media():
        assert isinstance(storages["private"], InMemoryMediaStorage)
        assert isinstance(media_storage(), InMemoryMediaStorage)
        assert storages["private"] is not media_storage()


def test_each_test_of_a_class_has_its_own() -> None:
    seen: list[Any] = []

    class Tests(IsolatedMediaMixin, TestCase):
        databases = set()

        def test_one(self) -> None:
            seen.append(media_storage())

        def test_two(self) -> None:
            seen.append(media_storage())

    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Tests)
    assert suite.run(unittest.TestResult()).wasSuccessful()
    assert [type(each) for each in seen] == [InMemoryMediaStorage] * 2
    assert seen[0] is not seen[1]
    assert media_storage() not in seen


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("photo.jpg", "JPEG"),
        ("Photo.JPEG", "JPEG"),
        ("photo.png", "PNG"),
        ("photo.webp", "WEBP"),
        ("photo.avif", "AVIF"),
        ("photo.gif", "GIF"),
    ],
)
@pytest.mark.django_db
def test_sample_images_are_accepted(name: str, format: str) -> None:
    upload = sample_image(name, width=8, height=6, color="#ff0000")
    with Image.open(upload) as image:
        assert (image.format, image.size) == (format, (8, 6))
        red, green, blue = image.convert("RGB").getpixel((3, 3))
        assert red > 240 > 20 > max(green, blue)
    upload.seek(0)
    assert upload.content_type == f"image/{format.lower()}"
    assert Photo.objects.create(photo=upload).width == 8


@pytest.mark.parametrize("name", ["photo", "photo.txt", "photo.heic"])
def test_a_name_without_a_format_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="Use an extension such as jpg"):
        sample_image(name)
