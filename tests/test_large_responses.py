"""Resizes that are larger than SHIFT_MEDIA_MAX_RESPONSE_BYTES."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.core.files.base import ContentFile
from django.test import Client

from gallery.models import Photo
from tests.support.buckets import new_bucket
from tests.support.waiting import PATIENCE

CDN = "https://cdn.example.com/"


@pytest.fixture
def photo(settings: Any, moto: Any, db: None, small_jpeg: bytes, request: Any) -> Any:
    """A photo in a bucket with these options, of which every resize is too large."""
    new_bucket(settings, moto, **request.param)
    settings.SHIFT_MEDIA_MAX_RESPONSE_BYTES = 1
    return Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg")).photo


def view(client: Client, photo: Any) -> tuple[int, str, Any]:
    """Request a resize from the app; return the status, where it leads, and its URL."""
    url = photo.resize("9x9")
    key = url.removeprefix(photo.storage.media_url)
    answer = client.get(f"/media/{key}")
    assert answer["Cache-Control"] == "no-store"
    return answer.status_code, answer.get("Location", ""), url


def is_presigned(location: str, name: str) -> bool:
    """Return whether a URL of the bucket lets anyone read a resize of an original."""
    answer = requests.get(location, timeout=PATIENCE)
    assert name.rpartition("/")[0] in urlsplit(location).path
    return "X-Amz-Signature=" in location and answer.headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize("photo", [{"mode": "failover", "public_url": CDN}], indirect=True)
def test_a_cdn_finds_in_the_bucket_what_was_made(photo: Any, client: Client) -> None:
    status, location, url = view(client, photo)
    assert (status, location) == (302, url)
    status, location, _ = view(client, photo)
    assert status == 302
    assert is_presigned(location, photo.name), "the CDN has not found it, so that is no loop"


@pytest.mark.parametrize("photo", [{"mode": "app", "public_url": None}], indirect=True)
def test_the_app_presigns_urls_of_a_private_bucket(photo: Any, client: Client) -> None:
    for _ in range(2):
        status, location, _ = view(client, photo)
        assert status == 302
        assert is_presigned(location, photo.name)


@pytest.mark.parametrize("photo", [{}], indirect=True)
def test_a_website_is_redirected_to_as_always(photo: Any, client: Client) -> None:
    status, location, url = view(client, photo)
    assert (status, location) == (301, url)
    status, location, _ = view(client, photo)
    assert status == 302
    assert is_presigned(location, photo.name), "a client in a loop is led out of it"


@pytest.mark.parametrize(
    "photo", [{"mode": "failover", "public_url": CDN}, {"mode": "app"}], indirect=True
)
def test_what_fits_is_returned(photo: Any, client: Client, settings: Any) -> None:
    url = photo.resize("9x9")
    key = url.removeprefix(photo.storage.media_url)
    settings.SHIFT_MEDIA_MAX_RESPONSE_BYTES = None
    size = len(client.get(f"/media/{key}").content)
    settings.SHIFT_MEDIA_MAX_RESPONSE_BYTES = size
    assert client.get(f"/media/{key}").status_code == 200
    settings.SHIFT_MEDIA_MAX_RESPONSE_BYTES = size - 1
    assert client.get(f"/media/{key}").status_code == 302
    assert client.head(f"/media/{key}").status_code == 302


def test_local_disk_has_no_other_url(
    client: Client, settings: Any, small_jpeg: bytes, db: None
) -> None:
    settings.SHIFT_MEDIA_MAX_RESPONSE_BYTES = 1
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg")).photo
    assert client.get(photo.resize("9x9")).status_code == 200
