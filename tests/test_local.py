"""Local disk: the view in development, the view behind a web server, the storage."""

import io
import itertools
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client, override_settings
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.generation.worker_pool import worker_pool
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.signing import sign
from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.conftest import at_once, fetch

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(photo: Photo, settings: Any) -> Any:
    """From the name of a file to its place on disk."""
    return lambda url: Path(settings.MEDIA_ROOT, url.removeprefix("/media/"))


def test_a_missing_resize_is_made_stored_and_given(client: Client, photo: Photo, path: Any) -> None:
    url = photo.photo.resize("50x50", format="webp")
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/webp"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert Image.open(io.BytesIO(answer.content)).size == (50, 38)
    assert path(url).read_bytes() == answer.content
    assert stat.S_IMODE(path(url).stat().st_mode) == 0o644
    assert sorted(entry.name for entry in path(url).parent.iterdir()) == sorted(
        [path(url).name, "small.jpg"]
    )


def test_no_transaction_is_open_while_a_resize_is_made(
    client: Client, photo: Photo, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    with django_assert_num_queries(0):
        assert client.get(photo.photo.resize("50x50")).status_code == 200


def test_the_urls_work_under_any_prefix(client: Client, photo: Photo, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.urls_elsewhere"
    settings.MEDIA_URL = "/user/pictures/"
    url = photo.photo.resize("50x50")
    assert url.startswith("/user/pictures/")
    assert client.get(url).status_code == 200


def test_a_stored_resize_is_given_as_it_is(client: Client, photo: Photo, path: Any) -> None:
    url = photo.photo.resize("50x50")
    path(url).write_bytes(b"stored already")
    assert client.get(url).content == b"stored already"


def test_a_client_that_has_it_is_told_so(client: Client, photo: Photo) -> None:
    url = photo.photo.resize("50x50")
    etag = client.get(url)["ETag"]
    answer = client.get(url, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_is_get_without_its_body(client: Client, photo: Photo) -> None:
    answer = client.head(photo.photo.resize("50x50"))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_other_methods_are_refused(client: Client, photo: Photo, method: str) -> None:
    assert getattr(client, method)(photo.photo.resize("50x50")).status_code == 405


@pytest.mark.parametrize("debug", [True, False])
def test_originals_are_given_in_development_only(
    client: Client, photo: Photo, settings: Any, debug: bool
) -> None:
    settings.DEBUG = debug
    answer = client.get(photo.photo.url)
    assert answer.status_code == (200 if debug else 404)
    if debug:
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert b"".join(answer) == media_storage().get(photo.photo.name)  # type: ignore[arg-type]
    else:
        assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    "url",
    [
        "/media/../settings.py",
        "/media/%2e%2e/%2e%2e/etc/passwd",
        "/media/..%2f..%2fetc/passwd",
        "/media/%00",
        "/media//etc/passwd",
        "/media/..\\..\\etc",
        "/media/" + "a" * 5000,
        "/media/a/b/c",
        "/media/x/",
        "/media/3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/",
    ],
)
def test_paths_of_all_kinds_are_not_found(
    client: Client, settings: Any, url: str, debug: bool
) -> None:
    settings.DEBUG = debug
    assert client.get(url).status_code == 404


@given(st.text(max_size=300), st.booleans())
def test_any_path_is_not_found(path: str, debug: bool) -> None:
    with override_settings(DEBUG=debug):
        answer = Client().get("/media/" + quote(path, safe="/"))
    assert answer.status_code == 404


@pytest.mark.parametrize("debug", [True, False])
def test_an_unsigned_resize_is_not_found(
    client: Client, photo: Photo, settings: Any, debug: bool
) -> None:
    settings.DEBUG = debug
    answer = client.get(photo.photo.resize("50x50").replace("/50x50", "/51x50"))
    assert (answer.status_code, answer["Cache-Control"]) == (404, "no-store")


def test_a_resize_of_a_missing_original_is_gone_for_a_minute(client: Client, photo: Photo) -> None:
    url = photo.photo.resize("50x50")
    photo_bytes = media_storage().get(photo.photo.name)  # type: ignore[arg-type]
    media_storage().delete(photo.photo.name)  # type: ignore[arg-type]
    answer = client.get(url)
    assert (answer.status_code, answer["Cache-Control"]) == (404, "public, max-age=60")
    media_storage().save(photo.photo.name, ContentFile(photo_bytes))
    assert client.get(url).status_code == 404, "remembered"


def test_an_unreadable_original_is_decoded_once(client: Client, photo: Photo, path: Any) -> None:
    original = path(photo.photo.url)
    good = original.read_bytes()
    original.write_bytes(good[:-500])
    url = photo.photo.resize("50x50")
    answer = client.get(url)
    assert (answer.status_code, answer["Cache-Control"]) == (422, "no-store")
    assert answer.content.startswith(b"The image is damaged: ")
    assert answer.content.count(b"\n") == 1
    original.write_bytes(good)
    again = client.get(url)
    assert (again.status_code, again.content) == (422, answer.content)
    assert client.get(photo.photo.resize("51x51")).status_code == 200


def test_an_original_beyond_the_limits_is_refused(
    client: Client, photo: Photo, settings: Any
) -> None:
    settings.SHIFT_MEDIA_MAX_PIXELS = 1000
    assert client.get(photo.photo.resize("50x50")).status_code == 422
    settings.SHIFT_MEDIA_MAX_PIXELS = 10**8
    settings.SHIFT_MEDIA_MAX_BYTES = 1000
    answer = client.get(photo.photo.resize("51x51"))
    assert answer.status_code == 422
    assert b"bytes; the maximum is 1,000" in answer.content


def test_an_attachment_that_is_no_image_says_so(client: Client) -> None:
    attachment = Attachment.objects.create(file=ContentFile(b"%PDF-1.4", name="a.pdf"))
    answer = client.get("/media/" + sign(attachment.file.name, Resize(width=50, height=50)))
    assert (answer.status_code, answer.content) == (
        422,
        b"This is not an image in an accepted format."
        b" Accepted formats: JPEG, PNG, WebP, AVIF, GIF.\n",
    )


def test_a_failing_disk_is_a_503(client: Client, photo: Photo, path: Any) -> None:
    url = photo.photo.resize("50x50")
    original = path(photo.photo.url)
    original.unlink()
    original.mkdir()  # reading it fails, for root too
    answer = client.get(url)
    assert (answer.status_code, answer["Cache-Control"]) == (503, "no-store")
    assert answer["Retry-After"] == "10"
    original.rmdir()
    original.write_bytes(draw_photo(40, 30))
    assert client.get(url).status_code == 200


def test_too_many_at_once_are_sent_away(
    client: Client, photo: Photo, settings: Any, caplog: Any
) -> None:
    settings.SHIFT_MEDIA_CONCURRENCY = 1
    released = Event()

    def occupy() -> None:
        with worker_pool().admit():
            released.wait()

    with ThreadPoolExecutor(17) as threads:
        occupied = [threads.submit(occupy) for _ in range(17)]  # 1 decoder, and a queue of 16
        try:
            sizes = itertools.count(50)
            while "The queue is full." not in caplog.text:
                answer = client.get(photo.photo.resize(f"{next(sizes)}x"))
        finally:
            released.set()
    assert [future.exception() for future in occupied] == [None] * 17
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert answer["Cache-Control"] == "no-store"
    assert client.get(photo.photo.resize("50x50")).status_code == 200


def test_threads_make_a_resize_once(live_server: Any, photo: Photo, caplog: Any) -> None:
    caplog.set_level("INFO", "django_shift_media")
    url = live_server.url + photo.photo.resize("50x50")
    bodies = [answer.body for answer in at_once([partial(fetch, url)] * 16)]
    assert len(bodies) == 16
    assert len(set(bodies)) == 1
    assert sum(record.message.startswith("Made ") for record in caplog.records) == 1


def test_a_cache_that_fails_breaks_nothing(client: Client, photo: Photo, settings: Any) -> None:
    settings.CACHES = {
        **settings.CACHES,
        "broken": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "no_table",
        },
    }
    settings.SHIFT_MEDIA_CACHE = "broken"
    assert client.get(photo.photo.resize("50x50")).status_code == 200


# -- the storage ----------------------------------------------------------------------------------


def test_a_taken_key_is_not_used_again(photo: Photo) -> None:
    before = media_storage().get(photo.photo.name)  # type: ignore[arg-type]
    name = media_storage().save(photo.photo.name, ContentFile(b"other"))
    assert name != photo.photo.name
    assert name.endswith("/small.jpg/small.jpg")
    assert media_storage().get(photo.photo.name) == before  # type: ignore[arg-type]


def test_a_put_replaces_and_leaves_no_draft(photo: Photo, path: Any) -> None:
    storage = media_storage()
    key = photo.photo.name.rpartition("/")[0] + "/10x10"  # type: ignore[union-attr]
    storage.put(key, b"one")
    storage.put(key, b"two")
    assert storage.get(key) == b"two"
    assert len(os.listdir(path(key).parent)) == 2
    path(key).unlink()
    path(key).mkdir()
    with pytest.raises(StorageUnavailable, match="Could not write"):
        storage.put(key, b"three")
    assert len(os.listdir(path(key).parent)) == 2


def test_deleting_an_original_leaves_nothing(photo: Photo, settings: Any, client: Client) -> None:
    client.get(photo.photo.resize("50x50"))
    other = Photo.objects.create(photo=ContentFile(draw_photo(40, 30), name="a.jpg"))
    media_storage().delete(photo.photo.name)  # type: ignore[arg-type]
    media_storage().delete(photo.photo.name)  # type: ignore[arg-type]
    assert media_storage().exists(other.photo.name)  # type: ignore[arg-type]
    media_storage().delete(other.photo.name)  # type: ignore[arg-type]
    assert list(Path(settings.MEDIA_ROOT).iterdir()) == []


def test_the_storage_is_the_one_of_the_settings(settings: Any, tmp_path: Any) -> None:
    assert type(media_storage()) is LocalMediaStorage
    settings.STORAGES = {
        **settings.STORAGES,
        "disk": {
            "BACKEND": "django_shift_media.storages.local.LocalMediaStorage",
            "OPTIONS": {"location": tmp_path / "other", "base_url": "/files/"},
        },
    }
    settings.SHIFT_MEDIA_STORAGE = "disk"
    photo = Photo.objects.create(photo=ContentFile(draw_photo(40, 30), name="a.jpg"))
    assert photo.photo.url.startswith("/files/")
    assert (tmp_path / "other" / photo.photo.name).is_file()  # type: ignore[operator]
    settings.SHIFT_MEDIA_STORAGE = "default"
    with pytest.raises(ImproperlyConfigured, match="'default', which is a FileSystemStorage"):
        media_storage()
    settings.SHIFT_MEDIA_STORAGE = "nowhere"
    with pytest.raises(ImproperlyConfigured, match="'nowhere'"):
        media_storage()


class SlowStorage(LocalMediaStorage):
    """One that takes its time, as those do that import boto3."""

    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        time.sleep(0.2)
        super().__init__()


def test_threads_that_come_first_share_one_storage(settings: Any) -> None:
    slow = {"BACKEND": f"{__name__}.SlowStorage"}
    settings.STORAGES = {**settings.STORAGES, "slow": slow}
    settings.SHIFT_MEDIA_STORAGE = "slow"
    found = at_once([media_storage] * 10)
    assert {type(storage) for storage in found} == {SlowStorage}
    assert len({id(storage) for storage in found}) == SlowStorage.made == 1
