from typing import Any

import pytest
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.template import TemplateSyntaxError

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment, Photo
from tests.support.buckets import use_bucket
from tests.support.templates import rendered


def test_the_tag_renders_the_url_of_a_resize(photo: Photo) -> None:
    tag = '{% resize obj.photo "200x200" how="fill" format="webp" quality=65 upscale=True %}'
    url = rendered(tag, obj=photo)
    assert url == photo.photo.resize("200x200", how="fill", format="webp", quality=65, upscale=True)
    assert "/200x200-fill-65-upscale-" in url
    assert url.endswith(".webp")


def test_defaults(photo: Photo) -> None:
    url = rendered('{% resize obj.photo "200x" %}', obj=photo)
    assert "/200x-fit-80-noupscale-" in url
    assert url.endswith(".jpg")


def test_the_url_is_kept_in_a_variable(photo: Photo) -> None:
    tag = '{% resize obj.photo "x9" as url %}<img src="{{ url }}">'
    assert rendered(tag, obj=photo) == f'<img src="{photo.photo.resize("x9")}">'


@pytest.mark.parametrize("file", [None, Photo().photo, Attachment().file, Attachment().preview])
def test_an_empty_file_renders_nothing(file: Any) -> None:
    assert rendered('[{% resize file "9x9" %}]', file=file) == "[]"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ('"200"', ValueError, "Invalid size '200'. Use a size such as"),
        ("missing", ValueError, "Invalid size ''"),
        ('"9x9" how="cover"', ValueError, "Invalid how 'cover'. Use one of: fit, fill"),
        ('"9x9" format="tiff"', ValueError, "Invalid format 'tiff'. Use one of"),
        ('"9x9" quality=101', ValueError, "Invalid quality 101. Use"),
        ('"9x9" upscale="no"', ValueError, "Invalid upscale 'no'. Use True or False"),
        ('"9x9" hwo="fill"', ValueError, "Unknown resize option 'hwo'"),
        ("", TemplateSyntaxError, "'size'"),
        ("100x100", TemplateSyntaxError, 'needs quotes: "100x100", not 100x100'),
        ("100x", TemplateSyntaxError, 'needs quotes: "100x", not 100x'),
        ("avatar", ValueError, "a size and the name of a preset need quotes"),
        ("100*100", TemplateSyntaxError, "Could not parse the remainder"),
    ],
)
def test_a_wrong_option_is_named(photo: Photo, options: str, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        rendered("{% resize obj.photo " + options + " %}", obj=photo)


def test_a_misspelt_variable_is_not_an_empty_file(photo: Photo) -> None:
    with pytest.raises(ValueError, match=r"got ''\. Use the file of a MediaField"):
        rendered('{% resize obj.phtoo "9x9" %}', obj=photo)


@pytest.mark.parametrize("where", ["local", "s3"])
def test_a_page_of_resizes_and_pictures_does_no_io(
    request: Any, settings: Any, django_assert_num_queries: Any, db: None, where: str
) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.support.no_cache.NoCache"}}
    if where == "local":
        backend = {"BACKEND": "tests.test_templates.NoStorage"}
        settings.STORAGES = {**settings.STORAGES, "media": backend}
        settings.SHIFT_MEDIA_STORAGE = "media"
    if where == "s3":
        # Nothing listens there: a storage call would fail.
        server = request.getfixturevalue("moto")
        use_bucket(settings, server, endpoint_url="http://127.0.0.1:9")
    name = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg"
    Photo.objects.bulk_create([Photo(photo=name, width=4, height=3) for _ in range(100)])
    photos = list(Photo.objects.all())
    tags = (
        "{% for obj in photos %}"
        '{% resize obj.photo "200x200" how="fill" %}{% resize obj.photo "x200" format="avif" %}'
        '{% resize obj.photo "800x" %}{{ obj.photo.url }}{{ obj.photo.width }}{% endfor %}'
    )
    pictures = (
        "{% for obj in photos %}{% picture obj.photo widths='1,2,3,4' formats='avif,webp,jpg'"
        " ratio='16/9' alt='' %}{% endfor %}"
    )
    with django_assert_num_queries(0):
        assert rendered(tags, photos=photos).count("-noupscale-") == 300
        assert rendered(pictures, photos=photos).count("-noupscale-") == 1300
    with pytest.raises(AssertionError, match="a cache call"):
        caches["default"].get("x")
    with pytest.raises((AssertionError, StorageUnavailable)):
        media_storage().exists(name)


class NoStorage(LocalMediaStorage):
    def path(self, name: str) -> str:  # what every other method begins with
        raise AssertionError(f"a storage call for {name}")


def test_urls_are_those_of_the_storage(photo: Photo, settings: Any, moto: Any) -> None:
    name = photo.photo.name
    storage = use_bucket(settings, moto, public_url="https://cdn.example.com:8443/pictures")
    photo = Photo(photo=ContentFile(b"x", name="x"))
    photo.photo = name  # type: ignore[assignment]
    assert photo.photo.url == f"https://cdn.example.com:8443/pictures/{name}"
    assert photo.photo.resize("9x9").startswith("https://cdn.example.com:8443/pictures/")
    assert storage.media_url == "https://cdn.example.com:8443/pictures/"
