import http.client
import os
import shutil
import signal
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connections

from django_shift_media.engines.engine import Engine
from django_shift_media.engines.selection import get_engine
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests import servers

# Playwright's own loop runs in this thread, and Django looks for one.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
REQUIRE_ALL = bool(os.environ.get("REQUIRE_ALL"))


class Response(NamedTuple):
    url: str
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def fetch(url: str, method: str = "GET", **headers: str) -> Response:
    """Ask once, following nothing; every host is on this machine, whatever its name."""
    parts = urlsplit(url)
    # 200 may ask at once, on a machine that has other work.
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=180)
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


def at_once(functions: Sequence[Callable[[], Any]]) -> list[Any]:
    """Call each function in a thread of its own, all at once; return what they return or raise."""
    start = threading.Barrier(len(functions))

    def run(function: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return function()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(run, functions))


def in_a_fork(function: Callable[[], bool]) -> bool:
    """Say whether a function is true in a process that is forked now, within 30 seconds."""
    if not (child := os.fork()):
        signal.alarm(30)
        try:
            os._exit(not function())
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def operations(storage: Any) -> list[str]:
    """Return the list, growing, of the operations that a storage asks of S3 from now on."""
    sent: list[str] = []
    storage.client.meta.events.register(
        "before-send.s3", lambda event_name, **_: sent.append(event_name.rpartition(".")[2])
    )
    return sent


def delete_resizes(storage: Any) -> int:
    """Delete everything from a bucket that no photo names; return how much that was."""
    originals = {photo.photo.name for photo in Photo.objects.all()}
    listed = storage.client.list_objects_v2(Bucket=storage.bucket_name)["Contents"]
    resizes = [entry["Key"] for entry in listed if entry["Key"] not in originals]
    for key in resizes:
        storage.client.delete_object(Bucket=storage.bucket_name, Key=key)
    return len(resizes)


_NOT_INSTALLED = "NOT INSTALLED: "


def missing(what: str) -> None:
    """Skip a test for want of a program; where all are required, fail it."""
    (pytest.fail if REQUIRE_ALL else pytest.skip)(f"{_NOT_INSTALLED}{what}")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reasons = (report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    wanted = {reason.partition(_NOT_INSTALLED)[2] for reason in reasons} - {""}
    if wanted:
        terminalreporter.section("NOT INSTALLED: tests were skipped that need", red=True)
        for what in sorted(wanted):
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


@pytest.fixture(params=servers.WEBSITES)
def s3(request: Any, running: Any) -> Any:
    """Each S3 server in turn."""
    return running(request.param)


@pytest.fixture
def moto(running: Any) -> Any:
    return running("moto")


@pytest.fixture
def ministack(running: Any) -> Any:
    return running("ministack")


@pytest.fixture
def postgresql(running: Any, transactional_db: None, monkeypatch: Any) -> Iterator[None]:
    """PostgreSQL as the database, in all threads, and in galleries that are started."""
    for name, value in running("postgresql").items():
        monkeypatch.setenv(name, value)
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres"}
    configured = connections.configure_settings({"default": database})["default"]
    monkeypatch.setitem(connections.settings, "default", configured)
    before = connections["default"]
    connections["default"] = connections.create_connection("default")
    call_command("migrate", verbosity=0)
    yield
    call_command("flush", verbosity=0, interactive=False)
    connections["default"].close()
    connections["default"] = before


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: Any) -> None:
    """Each kind of database in turn."""
    if request.param == "postgresql":
        request.getfixturevalue("postgresql")


def use_bucket(settings: Any, server: Any, **options: Any) -> Any:
    """Make a new bucket of a server the media storage."""
    bucket = f"media-{uuid.uuid4().hex[:12]}"
    settings.STORAGES = {
        **settings.STORAGES,
        "media": {
            "BACKEND": "django_shift_media.storages.s3.S3MediaStorage",
            "OPTIONS": {**server.storage_options(bucket), **options},
        },
    }
    settings.SHIFT_MEDIA_STORAGE = "media"
    return media_storage()


def new_bucket(settings: Any, server: Any, **options: Any) -> Any:
    """Create a bucket, bare, and make it the media storage."""
    storage = use_bucket(settings, server, **options)
    storage.client.create_bucket(Bucket=storage.bucket_name)
    return storage


def change_options(settings: Any, **options: Any) -> Any:
    """Change options of the media storage."""
    media = settings.STORAGES["media"]
    changed = {**media, "OPTIONS": {**media["OPTIONS"], **options}}
    settings.STORAGES = {**settings.STORAGES, "media": changed}
    return media_storage()


@pytest.fixture(params=["local", *servers.WEBSITES])
def any_storage(request: Any, settings: Any, running: Any) -> Any:
    """Local disk, and a bucket, bare, on each S3 server in turn."""
    if request.param == "local":
        return media_storage()
    return new_bucket(settings, running(request.param), location="some/where")


def configured_bucket(settings: Any, server: Any, site: str) -> Any:
    """Make the media storage a bucket that the command has created and configured."""
    storage = use_bucket(settings, server)
    call_command("configure_media_bucket", "--create", "--app-url", site, "--no-input")
    return storage


@pytest.fixture
def bucket(settings: Any, s3: Any, live_server: Any) -> Any:
    """A configured bucket on each S3 server in turn."""
    return configured_bucket(settings, s3, live_server.url)


@pytest.fixture
def moto_bucket(settings: Any, moto: Any, live_server: Any) -> Any:
    return configured_bucket(settings, moto, live_server.url)


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


@pytest.fixture(params=["pillow", "vips"])
def engine(request: Any, settings: Any) -> Engine:
    """Each image engine in turn; "auto" is but a choice between them."""
    settings.SHIFT_MEDIA_ENGINE = request.param
    return get_engine()


def upload(site: str, data: bytes, name: str) -> requests.Response:
    """Send a photo through the gallery's form, as a browser does."""
    session = requests.Session()
    session.get(site)
    return session.post(
        site,
        data={"csrfmiddlewaretoken": session.cookies["csrftoken"]},
        files={"photo": (name, data, "image/jpeg")},
        allow_redirects=False,
    )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()
