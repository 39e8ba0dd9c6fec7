"""What projects test with: media in memory or in a folder, and images to upload."""

import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.test import TestCase, override_settings
from PIL import Image

from django_shift_media.contrib.rest_framework import MediaSerializerField
from django_shift_media.exceptions import InvalidKey
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
from tests.support.examples import EXAMPLES
from tests.support.servers import ROOT
from tests.support.stored_objects import keys_of
from tests.support.templates import rendered


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


def run_tests(tests: type[TestCase]) -> None:
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(tests).run(result)
    assert [*result.errors, *result.failures] == []
    assert result.testsRun > 0


def test_each_test_of_a_class_has_its_own() -> None:
    seen: list[Any] = []

    class Tests(IsolatedMediaMixin, TestCase):
        databases = set()

        def test_one(self) -> None:
            seen.append(media_storage())

        def test_two(self) -> None:
            seen.append(media_storage())

    run_tests(Tests)
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


@pytest.mark.django_db
def test_each_test_begins_with_the_files_of_its_class() -> None:
    before = media_storage()

    class Tests(IsolatedMediaMixin, TestCase):
        @classmethod
        def setUpTestData(cls) -> None:
            cls.photo = Photo.objects.create(photo=sample_image())

        def test_one(self) -> None:
            assert keys_of(media_storage()) == {self.photo.photo.name}
            self.photo.photo.delete()
            Photo.objects.create(photo=sample_image())

        test_two = test_one

    run_tests(Tests)
    assert media_storage() is before
    assert keys_of(before) == set()


def test_a_class_may_override_storages(settings: Any) -> None:
    memory = {"BACKEND": "django_shift_media.testing.InMemoryMediaStorage"}
    seen: list[Any] = []

    @override_settings(STORAGES={**settings.STORAGES, "other": memory})
    class Tests(IsolatedMediaMixin, TestCase):
        databases = set()

        def test_one(self) -> None:
            seen.append(media_storage("other"))

    run_tests(Tests)
    assert [type(each) for each in seen] == [InMemoryMediaStorage]


# -- rows that name files which nobody has uploaded -----------------------------------------------

NAMES = [
    "chair.jpg",
    "products/2019/Стул № 1.JPG",
    "https://example.com/a.png",
    "../a",
    "x" * 100,
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("in_folder", [False, True])
def test_a_row_may_name_anything(tmp_path: Path, client: Any, name: str, in_folder: bool) -> None:
    photo = Photo(photo=name, width=800, height=600)
    with isolated_media(tmp_path if in_folder else None, any_names=True):
        image = photo.photo.resize("200x200")
        assert photo.photo.name == name
        assert (image.width, image.height) == (200, 150)
        assert image == Photo(photo=name).photo.resize("200x200")
        assert image != Photo(photo=f"{name}1").photo.resize("200x200")
        assert client.get(image).status_code == 404
        assert photo.photo.picture(widths=[100, 200]).img.url.startswith(media_url())
        photo.photo.check_row()
        for tag in ('{% resize obj.photo "9x9" %}', '{% img obj.photo "9x9" alt="" %}'):
            assert media_url() in rendered(tag, obj=photo)
    with isolated_media(), pytest.raises(InvalidKey, match="is not the key of an original"):
        Photo(photo=name).photo.resize("200x200")


def media_url() -> str:
    return media_storage().media_url


def test_a_serializer_shows_a_row_that_names_anything(rf: Any) -> None:
    field = MediaSerializerField(resizes={"small": "9x9"})
    with isolated_media(any_names=True):
        shown = field.to_representation(Photo(photo="chair.jpg").photo)
        assert "/chair.jpg/9x9-fit-" in shown["resizes"]["small"]


def test_a_key_has_the_same_urls_with_and_without_any_names() -> None:
    key = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg"
    urls = set()
    for any_names in (False, True):
        with isolated_media(any_names=any_names):
            urls.add(Photo(photo=key).photo.resize("9x9"))
    assert len(urls) == 1


# -- the page -------------------------------------------------------------------------------------


def test_the_code_of_the_page_on_tests_runs(tmp_path: Path) -> None:
    """In a project of its own, whose products are photos of the gallery."""
    blocks = [each for each in EXAMPLES if each.document.name == "testing.rst"]
    conftest = "\n".join(each.code for each in blocks if "conftest.py" in each.options)
    (tmp_path / "conftest.py").write_text(conftest)
    fields = {"title": "A", "photo": "products/chair.jpg", "uploaded_at": "2026-11-29T00:00Z"}
    rows = [{"model": "gallery.photo", "fields": fields}]
    (tmp_path / "catalog.json").write_text(json.dumps(rows))
    shown = [each.code for each in blocks if " def test_" in each.code or "\ndef " in each.code]
    for number, code in enumerate(shown):
        text = f"from gallery.models import Photo as Product\n{code}"
        (tmp_path / f"test_{number}.py").write_text(text)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-c", os.devnull, "--rootdir", str(tmp_path)),
            *("--ds", "testproject.settings", str(tmp_path)),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "testproject")])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert f"{len(re.findall('def test_', ''.join(shown)))} passed" in done.stdout, done.stdout
