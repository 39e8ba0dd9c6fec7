"""What the package keeps in Django's cache, and what it does when that fails."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.test import Client
from redis import Redis

from django_shift_media.naming import signing
from django_shift_media.naming.resizes import Resize
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support import serving
from tests.support.buckets import new_bucket


@contextmanager
def silent_server() -> Iterator[tuple[int, list[object]]]:
    """A server that takes connections and never answers; yield its port and its connections."""
    connections: list[object] = []
    done = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connections.append(self.client_address)
            done.wait()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        serving.start(server)
        try:
            yield server.server_address[1], connections
        finally:
            done.set()
            server.shutdown()


def test_a_redis_that_hangs_costs_one_timeout_and_one_line(
    photo: Photo, client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with silent_server() as (port, connections):
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://127.0.0.1:{port}/0",
                "OPTIONS": {"socket_timeout": 0.2, "retry": None},
            }
        }
        assert client.get(photo.photo.resize("90x90")).status_code == 200
    assert len(connections) == 1
    lines = [record for record in caplog.records if "unavailable" in record.getMessage()]
    assert len(lines) == 1
    assert lines[0].exc_info is None
    assert "The cache 'default' is unavailable, and not used for 5 s: " in lines[0].getMessage()


def calls(url: str) -> list[str]:
    """Return the commands that a Redis was asked to run, without those of connections."""
    counts = Redis.from_url(url).info("commandstats")
    commands = {name.removeprefix("cmdstat_"): stat["calls"] for name, stat in counts.items()}
    kept = {"get", "mget", "set", "setex", "del", "expire", "pexpire", "exists"}
    return sorted(name for name, number in commands.items() for _ in range(number) if name in kept)


@pytest.mark.parametrize("mode", ["website", "app"])
def test_a_first_view_asks_redis_five_times_and_once_to_note_a_redirect(
    mode: str, redis: str, settings: Any, moto: Any, db: None, small_jpeg: bytes, client: Client
) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis}
    }
    new_bucket(settings, moto, mode=mode)
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg"))
    key = signing.sign(photo.photo.name, Resize(width=9, height=9))
    Redis.from_url(redis).config_resetstat()
    assert client.get(f"/media/{key}").status_code == (301 if mode == "website" else 200)
    marks = ["set"] if mode == "website" else []
    assert calls(redis) == ["del", "get", "mget", "set", "set", *marks]


@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "filebased.FileBasedCache"])
def test_views_do_not_push_out_what_the_site_caches(
    backend: str, settings: Any, moto: Any, photo_on_moto: Photo, client: Client, tmp_path: Any
) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": f"django.core.cache.backends.{backend}",
            "LOCATION": str(tmp_path / "cache"),
        }
    }
    pages = {f"page-{number}": number for number in range(280)}
    cache.set_many(pages)
    key = photo_on_moto.photo.resize("9x9").removeprefix(media_storage().media_url)
    views = [
        client.get(f"/media/{key}", REMOTE_ADDR=f"192.0.2.{number}").status_code
        for number in range(40)
    ]
    assert set(views) == {301}
    assert cache.get_many(pages) == pages


@pytest.fixture
def photo_on_moto(settings: Any, moto: Any, db: None, small_jpeg: bytes) -> Photo:
    new_bucket(settings, moto)
    return Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg"))


@pytest.mark.parametrize("status", [200, 304, 404, 422])
def test_answers_are_the_same_for_all_visitors(
    photo: Photo, settings: Any, admin_client: Client, status: int
) -> None:
    settings.SESSION_SAVE_EVERY_REQUEST = True
    settings.MIDDLEWARE = ["django.middleware.locale.LocaleMiddleware", *settings.MIDDLEWARE]
    url, headers = photo.photo.resize("90x90"), {}
    if status == 304:
        headers["If-None-Match"] = admin_client.get(url)["ETag"]
    if status == 404:
        url = url.replace("90x90", "91x91")
    if status == 422:
        Path(photo.photo.path).write_bytes(b"no image")
    answer = admin_client.get(url, headers=headers)
    assert answer.status_code == status
    assert "Vary" not in answer
    assert not list(answer.cookies.values())
    page = admin_client.get("/")
    assert set(page["Vary"].split(", ")) == {"Accept-Language", "Cookie"}
    assert list(page.cookies.values())


def test_compressed_answers_are_kept_apart(
    photo: Photo, settings: Any, admin_client: Client
) -> None:
    settings.MIDDLEWARE = [
        "django.middleware.gzip.GZipMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        *settings.MIDDLEWARE,
    ]
    answer = admin_client.get(photo.photo.resize("90x90"), headers={"Accept-Encoding": "gzip"})
    assert answer["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("seconds", "header"),
    [(31_536_000, "public, max-age=31536000, immutable"), (86_400, "public, max-age=86400")],
)
def test_a_site_says_how_long_media_are_kept(
    settings: Any, moto: Any, db: None, small_jpeg: bytes, client: Client, seconds: int, header: str
) -> None:
    settings.SHIFT_MEDIA_MAX_AGE = seconds
    storage = new_bucket(settings, moto, mode="failover", public_url="https://cdn.example.com/")
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg"))
    key = photo.photo.resize("90x90").removeprefix(storage.media_url)
    assert client.get(f"/media/{key}")["Cache-Control"] == header
    for name in (key, photo.photo.name):
        head = storage.client.head_object(Bucket=storage.bucket_name, Key=name)
        assert head["CacheControl"] == header
