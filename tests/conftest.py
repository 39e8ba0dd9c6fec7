import http.client
import os
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.management import call_command

from django_shift_media.storages import media_storage
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests import servers

REQUIRE_ALL = bool(os.environ.get("REQUIRE_ALL"))


class Response(NamedTuple):
    url: str
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def fetch(url: str, method: str = "GET", **headers: str) -> Response:
    """Ask once, following nothing; every host is on this machine, whatever its name."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
    connection.request(method, parts.path, headers={"Host": parts.netloc, **headers})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return Response(url, response.status, response.headers, body)


def follow(url: str, **headers: str) -> list[Response]:
    """Ask, and follow redirects as a browser does."""
    hops = [fetch(url, **headers)]
    while hops[-1].status in {301, 302, 307} and len(hops) < 20:
        target = urljoin(hops[-1].url, hops[-1].headers["Location"])
        hops.append(fetch(target, **headers))
    return hops


NOT_INSTALLED: set[str] = set()


def missing(what: str) -> None:
    """Skip a test for want of a program; where all are required, fail it."""
    NOT_INSTALLED.add(what)
    (pytest.fail if REQUIRE_ALL else pytest.skip)(f"NOT INSTALLED: {what}")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if NOT_INSTALLED:
        terminalreporter.section("NOT INSTALLED: tests were skipped that need", red=True)
        for what in sorted(NOT_INSTALLED):
            terminalreporter.write_line(what)


@pytest.fixture(autouse=True)
def _clean(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    cache.clear()


@pytest.fixture(scope="session")
def running() -> Iterator[Callable[[str], Any]]:
    """Start a server by name when it is first asked for, and stop it at the end of the session."""
    started: dict[str, Any] = {}
    contexts = []

    def start(name: str) -> Any:
        if name not in started:
            context = servers.SERVERS[name]()
            try:
                started[name] = context.__enter__()
            except servers.Missing as error:
                missing(str(error))
            contexts.append(context)
        return started[name]

    yield start
    for context in contexts:
        context.__exit__(None, None, None)


@pytest.fixture(params=list(servers.SERVERS))
def s3(request: Any, running: Any) -> Any:
    """Each S3 server in turn."""
    return running(request.param)


@pytest.fixture
def moto(running: Any) -> Any:
    return running("moto")


def use_bucket(settings: Any, server: Any, **options: Any) -> Any:
    """Make a new bucket of a server the media storage."""
    bucket = f"media-{uuid.uuid4().hex[:12]}"
    settings.STORAGES = {
        **settings.STORAGES,
        "media": {
            "BACKEND": "django_shift_media.s3.S3MediaStorage",
            "OPTIONS": {**server.storage_options(bucket), **options},
        },
    }
    settings.SHIFT_MEDIA_STORAGE = "media"
    return media_storage()


@pytest.fixture
def bucket(settings: Any, s3: Any, live_server: Any) -> Any:
    """The media storage on a bucket that the command has created and configured."""
    storage = use_bucket(settings, s3)
    call_command("configure_media_bucket", "--create", "--app-url", live_server.url)
    return storage


@pytest.fixture
def moto_bucket(settings: Any, moto: Any, live_server: Any) -> Any:
    storage = use_bucket(settings, moto)
    call_command("configure_media_bucket", "--create", "--app-url", live_server.url)
    return storage


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    """A photo of 12 megapixels, taken with the camera upright: 3000 x 4000."""
    return draw_photo(3000, 4000, orientation=6, quality=90)


@pytest.fixture(scope="session")
def small_jpeg() -> bytes:
    return draw_photo(400, 300)


@pytest.fixture
def photo(small_jpeg: bytes, db: None) -> Photo:
    return Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg"))


def upload(site: str, data: bytes, name: str) -> Response:
    """Send a photo through the gallery's form, as a browser does."""
    page = fetch(site)
    cookie = page.headers["Set-Cookie"].split(";")[0]
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.body.decode())
    assert token
    fields = [
        f'name="csrfmiddlewaretoken"\r\n\r\n{token[1]}'.encode(),
        f'name="photo"; filename="{name}"\r\nContent-Type: image/jpeg\r\n\r\n'.encode() + data,
    ]
    lines = [b"--limit\r\nContent-Disposition: form-data; " + field + b"\r\n" for field in fields]
    parts = urlsplit(site)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
    headers = {
        "Host": parts.netloc,
        "Cookie": cookie,
        "Content-Type": "multipart/form-data; boundary=limit",
    }
    connection.request("POST", "/", b"".join([*lines, b"--limit--\r\n"]), headers)
    response = connection.getresponse()
    return Response(site, response.status, response.headers, response.read())
