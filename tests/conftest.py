import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import hypothesis
import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import connection, connections, models
from django.db.models.signals import post_migrate
from django.test import Client
from django.utils import translation

from django_shift_media.engines.engine import Engine
from django_shift_media.engines.selection import get_engine
from django_shift_media.generation.cache_lock import cache_store
from django_shift_media.storages import s3_connection
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from testproject.patience import wait_patiently
from tests.support import (
    adapters,
    botocore_models,
    clouds,
    databases,
    gateways,
    requirements,
    servers,
    summary,
)
from tests.support.browsing import patient
from tests.support.buckets import configured_bucket, new_bucket
from tests.support.chromium_pictures import ChromiumPictures
from tests.support.desks import Desk
from tests.support.direct_uploads import Uploader
from tests.support.intermediary import Intermediary, in_front_of
from tests.support.pictures import ALL_FORMATS
from tests.support.requirements import missing
from tests.support.shared_servers import shared
from tests.support.upload_desks import UploadDesk, direct_bucket
from tests.support.waiting import PATIENCE

botocore_models.keep()
# Playwright's own loop runs in this thread, and Django looks for one.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
# How long an example of Hypothesis takes is up to the machine, and to what else it does.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SERVERS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    **servers.SERVERS,
    **gateways.SERVERS,
    **databases.SERVERS,
    **clouds.SERVERS,
}
# As they are before tests become patient.
_TIMEOUTS = {
    "_CONNECT_TIMEOUT": s3_connection._CONNECT_TIMEOUT,
    "_READ_TIMEOUT": s3_connection._READ_TIMEOUT,
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        requirements.mark(item)
        summary.note_tier(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    requirements.enter(item)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    summary.write(terminalreporter)


@pytest.fixture(scope="session", autouse=True)
def _flush_quickly() -> None:
    """
    Leave a flushed database empty.

    Django would create all permissions again after each transactional test, which takes longer than
    most of these tests. See ``tests.support.permissions.permission``.
    """
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.disconnect(create_contenttypes)


@pytest.fixture(scope="session", autouse=True)
def _patient() -> None:
    """Nothing here fails because the machine has other work; see ``tests.support.waiting``."""
    wait_patiently(PATIENCE, PATIENCE, s3=True)


@pytest.fixture
def timeouts_of_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time-outs of a storage on S3 that a site has."""
    for name, seconds in _TIMEOUTS.items():
        monkeypatch.setattr(s3_connection, name, seconds)


@pytest.fixture(autouse=True)
def _clean(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    cache.clear()
    cache_store.forget()
    ContentType.objects.clear_cache()  # of the database of another test
    translation.deactivate()  # a request leaves its language behind


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Start a server by name when it is first asked for, and stop it at the end of the session."""
    started: dict[str, Any] = {}
    contexts = []

    def prepare(name: str) -> AbstractContextManager[Any]:
        # Ceph takes 14 seconds and 170 MB: the processes of pytest-xdist share one.
        if name == "ceph" and "PYTEST_XDIST_WORKER" in os.environ:
            return shared(servers.ceph, tmp_path_factory.getbasetemp().parent / name)
        context: AbstractContextManager[Any] = SERVERS[name]()
        return context

    def start(name: str) -> Any:
        if name not in started:
            context = prepare(name)
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
def aws_s3(moto: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Intermediary]:
    """moto behind an intermediary; with ``aws_options()``, it answers for AWS's own hosts."""
    # boto3's option "use_ssl" is for S3 only.
    for service, host in {"STS": "sts", "S3_CONTROL": "s3-control"}.items():
        url = f"http://{host}.us-east-1.amazonaws.com"
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", url)
    with in_front_of(moto.endpoint_url) as intermediary:
        yield intermediary


@pytest.fixture
def ministack(running: Any) -> Any:
    return running("ministack")


@pytest.fixture
def aws(ministack: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """All of AWS, by the variable that points boto3 at another server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack.endpoint_url)
    return ministack


@pytest.fixture
def postgresql(running: Any, transactional_db: None, monkeypatch: Any) -> Iterator[None]:
    """PostgreSQL as the database, in all threads, and in galleries that are started."""
    yield from _use_database(running("postgresql"), monkeypatch)


@pytest.fixture
def mariadb(running: Any, transactional_db: None, monkeypatch: Any) -> Iterator[None]:
    """MariaDB as the database, in all threads, and in galleries that are started."""
    yield from _use_database(running("mariadb"), monkeypatch)


def _use_database(server: databases.DatabaseServer, monkeypatch: Any) -> Iterator[None]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    configured = connections.configure_settings({"default": server.settings})["default"]
    monkeypatch.setitem(connections.settings, "default", configured)
    before = connections["default"]
    connections["default"] = connections.create_connection("default")
    server.migrate()
    yield
    server.empty()
    connections["default"].close()
    connections["default"] = before


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request: Any) -> None:
    """Each kind of database in turn."""
    if request.param != "sqlite":
        request.getfixturevalue(request.param)


@pytest.fixture(params=["sqlite", "postgresql", pytest.param("mariadb", marks=pytest.mark.nightly)])
def most_databases(request: Any) -> None:
    """As ``database``, for tests that are many."""
    if request.param != "sqlite":
        request.getfixturevalue(request.param)


@pytest.fixture
def tables(transactional_db: None) -> Iterator[Callable[..., None]]:
    """Create the tables of models that a test defines."""
    created: list[type[models.Model]] = []

    def create(*some: type[models.Model]) -> None:
        with connection.schema_editor() as editor:
            for model in some:
                editor.create_model(model)
                created.append(model)

    yield create
    with connection.schema_editor() as editor:
        for model in reversed(created):
            editor.delete_model(model)


@pytest.fixture(
    params=[
        *("local", "memory", *servers.WEBSITES),
        *(pytest.param(name, marks=pytest.mark.nightly) for name in clouds.CLOUDS),
    ]
)
def any_storage(request: Any, settings: Any, running: Any) -> Any:
    """Local disk, memory, and a bucket, bare, on each S3 server and other cloud in turn."""
    if request.param == "local":
        return media_storage()
    if request.param == "memory":
        memory = {"BACKEND": "django_shift_media.testing.InMemoryMediaStorage"}
        settings.STORAGES = {**settings.STORAGES, "media": memory}
        settings.SHIFT_MEDIA_STORAGE = "media"
        return media_storage()
    if request.param in clouds.CLOUDS:
        return clouds.use_cloud(settings, running(request.param), location="some/where")
    return new_bucket(settings, running(request.param), location="some/where")


@pytest.fixture(params=clouds.CLOUDS)
def cloud(request: Any, running: Any) -> Any:
    """The emulators of Google Cloud Storage and of Azure Blob Storage in turn."""
    return running(request.param)


@pytest.fixture
def cloud_storage(settings: Any, cloud: Any) -> Any:
    """A new bucket of each of these, as the media storage."""
    return clouds.use_cloud(settings, cloud, location="some/where")


@pytest.fixture(
    params=["folder", "memory", "sftp", pytest.param("moto", marks=pytest.mark.nightly)]
)
def adapted(request: Any, settings: Any, tmp_path: Any) -> Iterator[Any]:
    """Each of some storages of Django and django-storages in turn, as the media storage."""
    with adapters.backend(request.param, request, tmp_path) as backend:
        options = {"per_thread": True} if request.param == "sftp" else {}
        yield adapters.adapt(settings, backend, **options)


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


@pytest.fixture
def uploader(db: None) -> Uploader:
    """A person who sends photos straight to the storage."""
    return _uploader("uploader")


@pytest.fixture
def stranger(db: None) -> Uploader:
    """Another such person."""
    return _uploader("stranger")


def _uploader(name: str) -> Uploader:
    user = User.objects.create_superuser(name)  # without a password, which takes long to hash
    client = Client()
    client.force_login(user)
    return Uploader(client, user)


@pytest.fixture(params=["pillow", "vips"])
def engine(request: Any, settings: Any) -> Engine:
    """Each image engine in turn; "auto" is but a choice between them."""
    settings.SHIFT_MEDIA_ENGINE = request.param
    return get_engine()


@pytest.fixture
def jinja2_templates(settings: Any) -> None:
    """Jinja2 beside Django's own templates."""
    settings.TEMPLATES = [
        *settings.TEMPLATES,
        {
            "BACKEND": "django.template.backends.jinja2.Jinja2",
            "OPTIONS": {"extensions": ["django_shift_media.jinja2.ShiftMediaExtension"]},
        },
    ]


@pytest.fixture
def all_formats(settings: Any) -> None:
    """Every format that the package can read."""
    settings.SHIFT_MEDIA_FORMATS = ALL_FORMATS


@pytest.fixture(scope="session")
def redis(running: Any) -> str:
    """The URL of a cache that processes share."""
    url: str = running("redis")
    return url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    requirements.permit("browser")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=CHROMIUM_ARGUMENTS, timeout=1000 * PATIENCE
        )
        for name in ("new_context", "new_page"):
            setattr(browser, name, patient(getattr(browser, name)))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def chromium_pictures(chromium: Any) -> ChromiumPictures:
    """Pictures and animations as Chromium shows them."""
    return ChromiumPictures(chromium)


@pytest.fixture
def new_desk(chromium: Any, live_server: Any, admin_client: Any) -> Iterator[Any]:
    """Open a tab of the admin, logged in, with the options of a browser's context."""
    contexts = []

    def open(**options: Any) -> Desk:
        context = chromium.new_context(**options)
        contexts.append(context)
        cookie = {"name": "sessionid", "value": admin_client.cookies["sessionid"].value}
        context.add_cookies([{**cookie, "url": live_server.url}])
        return Desk(context, live_server.url)

    yield open
    for context in contexts:
        context.close()


@pytest.fixture
def desk(new_desk: Any) -> Desk:
    desk: Desk = new_desk()
    return desk


@pytest.fixture
def direct_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let browsers send photos to the storage."""
    monkeypatch.setattr(Photo._meta.get_field("photo"), "direct", True)


@pytest.fixture
def direct_storage(settings: Any, running: Any, live_server: Any, monkeypatch: Any) -> Any:
    """A bucket on Ceph to which browsers send the files of the gallery."""
    for model, name in ((Photo, "photo"), (Attachment, "file")):
        monkeypatch.setattr(model._meta.get_field(name), "direct", True)
    return direct_bucket(settings, running("ceph"), live_server.url)


@pytest.fixture
def upload_desk(
    direct_storage: Any, chromium: Any, live_server: Any, admin_client: Any, tmp_path: Any
) -> Iterator[UploadDesk]:
    """A form of the admin that sends files to this bucket."""
    context = chromium.new_context()
    cookie = {"name": "sessionid", "value": admin_client.cookies["sessionid"].value}
    context.add_cookies([{**cookie, "url": live_server.url}])
    desk = UploadDesk(context, live_server.url, tmp_path)
    desk.open()
    yield desk
    context.close()
    assert desk.complaints == []
