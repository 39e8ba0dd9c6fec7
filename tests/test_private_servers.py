"""Private media on real servers: Ceph, and local disk behind nginx."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.files.base import ContentFile
from django.test import Client

from django_shift_media.naming import access_tokens
from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment
from tests.support import permissions
from tests.support.browsing import SHOWN
from tests.support.buckets import change_options, new_bucket
from tests.support.diagnostics import diagnose, the_problem
from tests.support.diagnostics import statuses as statuses_of_requests
from tests.support.examples import EXAMPLES
from tests.support.private_storages import IS_OWNER, logged_in, photo_of, private_folder
from tests.support.proxies import nginx
from tests.support.second_storage import store_attachments_in
from tests.support.servers import free_port
from tests.support.waiting import PATIENCE

LOCAL = "django_shift_media.storages.local.LocalMediaStorage"
pytestmark = pytest.mark.server


class Visitor:
    """A browser with the session of a user, at a site."""

    def __init__(self, site: str, client: Client | None = None) -> None:
        self.site = site
        cookies = client.cookies.values() if client else ()
        self.headers = {"Cookie": "; ".join(f"{each.key}={each.value}" for each in cookies)}

    def ask(self, url: str, method: str = "GET", **headers: str) -> requests.Response:
        """Ask, and follow redirects, without the cookies."""
        options: Any = {"headers": {**self.headers, **headers}, "timeout": PATIENCE}
        return requests.request(method, self.site + url, allow_redirects=True, **options)


class Tab:
    """A browser of its own, with the session of a user."""

    def __init__(self, chromium: Any, site: str, client: Client | None = None) -> None:
        self.site = site
        self.context = chromium.new_context()
        for each in client.cookies.values() if client else ():
            self.context.add_cookies([{"name": each.key, "value": each.value, "url": site}])
        self.page = self.context.new_page()

    def shown(self, path: str) -> list[bool]:
        """Load a page, and return whether each of its pictures is shown."""
        self.page.goto(self.site + path, wait_until="load")
        self.page.wait_for_function(SHOWN)
        widths = self.page.locator("img").evaluate_all("all => all.map(one => one.naturalWidth)")
        return [width > 0 for width in widths]


@pytest.fixture
def private_bucket(running: Any, settings: Any, live_server: Any) -> str:
    """A private storage on Ceph; return the site whose media it has."""
    new_bucket(settings, running("ceph"), public_url=None, access="private", permission=IS_OWNER)
    return str(live_server.url)


def example(language: str, guide: str = "private-media") -> list[str]:
    name = f"{guide}.rst"
    return [e.code for e in EXAMPLES if e.document.name == name and e.language == language]


@pytest.fixture
def private_disk(settings: Any, live_server: Any, tmp_path: Path) -> Iterator[str]:
    """A private storage on local disk, behind the nginx of the guide."""
    folder = tmp_path / "private"
    private_folder(settings, folder, permission=IS_OWNER, accel_url="/protected/")
    with nginx(guide_s_nginx(folder, live_server.url, "/media/")) as (port,):
        yield f"http://127.0.0.1:{port}"


def guide_s_nginx(folder: Path, app: str, mount: str) -> str:
    """Return the server of the guide, which also passes on requests for pages."""
    (block,) = example("nginx")
    for shown, value in {
        "/srv/example/private/": f"{folder}/",
        "127.0.0.1:8000": app.removeprefix("http://"),
        "/shift-media/": mount,
    }.items():
        assert shown in block
        block = block.replace(shown, value)
    return f"{block} location / {{ proxy_pass {app}; proxy_set_header Host $http_host; }}"


@pytest.fixture(params=["private_bucket", "private_disk"])
def site(request: Any, transactional_db: None) -> str:
    """A site with private media, of each kind in turn."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def photo(site: str, small_jpeg: bytes) -> Any:
    return photo_of("ann", small_jpeg)


@pytest.fixture
def urls(photo: Any) -> list[str]:
    """The URLs that a page has of a private original and of a resize of it."""
    return [photo.url, photo.resize("9x9")]


def statuses(visitor: Visitor, urls: list[str]) -> set[int]:
    return {visitor.ask(url).status_code for url in urls}


@pytest.mark.parametrize("kind", ["original", "resize"])
def test_who_may_see_a_file_gets_it_from_s3_or_nginx(
    site: str, urls: list[str], small_jpeg: bytes, kind: str
) -> None:
    ann, url = Visitor(site, logged_in("ann")), urls[kind == "resize"]
    for _ in range(2):  # a resize is made first
        answer = ann.ask(url)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Cache-Control"].startswith("private, max-age=")
        assert (answer.content == small_jpeg) is (kind == "original")
        is_redirected = [hop.headers["Cache-Control"] for hop in answer.history]
        assert is_redirected in ([], ["private, max-age=150"])
        assert ("X-Content-Type-Options" in answer.headers) is not is_redirected
    head = ann.ask(url, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == answer.headers["Content-Length"]
    part = ann.ask(url, Range="bytes=2-5")
    assert (part.status_code, part.content) == (206, answer.content[2:6])
    assert ann.ask(url, **{"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_another_user_gets_nothing(site: str, urls: list[str]) -> None:
    assert statuses(Visitor(site, logged_in("ann")), urls) == {200}
    assert statuses(Visitor(site, logged_in("bob")), urls) == {403}


def test_a_stranger_gets_nothing(site: str, urls: list[str]) -> None:
    assert statuses(Visitor(site), urls) == {404}


def test_after_logout_a_copied_url_is_of_no_use(site: str, urls: list[str]) -> None:
    client = logged_in("ann")
    ann = Visitor(site, client)
    assert statuses(ann, urls) == {200}
    client.logout()
    assert statuses(ann, urls) == {404}
    assert ann.ask(urls[0]).headers["Cache-Control"] == "private, no-store"


def test_a_guessed_url_is_of_no_use(site: str, urls: list[str]) -> None:
    guesses = [guess for url in urls for guess in (url.partition("?")[0], f"{url}0", url[:-1])]
    assert statuses(Visitor(site, logged_in("ann")), guesses) == {404}


def test_an_expired_url_is_of_no_use(site: str, urls: list[str], monkeypatch: Any) -> None:
    client = logged_in("ann")
    later = time.time() + 7200
    monkeypatch.setattr(access_tokens, "time", lambda: later)
    assert statuses(Visitor(site, client), urls) == {403}
    assert statuses(Visitor(site), urls) == {404}


def test_nobody_reaches_the_files_around_the_app(site: str, photo: Any) -> None:
    ann = Visitor(site, logged_in("ann"))
    url = photo.resize("9x9")
    assert ann.ask(url).status_code == 200
    for key in (photo.name, url.partition("?")[0].removeprefix("/media/")):
        if isinstance(storage := media_storage(), LocalMediaStorage):
            answer = ann.ask(f"/protected/{key}")
            assert (answer.status_code, answer.headers["Server"][:5]) == (404, "nginx")
        else:
            location = storage.handover(key, "GET")["Location"]
            for altered in (location.partition("?")[0], f"{location}0"):
                assert requests.get(altered, timeout=PATIENCE).status_code == 403


@pytest.mark.usefixtures("transactional_db")
def test_a_cache_in_front_of_the_app_keeps_nothing(
    settings: Any, live_server: Any, tmp_path: Path, small_jpeg: bytes
) -> None:
    private_folder(settings, tmp_path / "private", permission=IS_OWNER)
    (block,) = example("nginx", "private-bucket")
    block = block.replace("127.0.0.1:8000", live_server.url.removeprefix("http://"))
    http, _, server = block.replace("/shift-media/", "/media/").partition("\n")
    photo = photo_of("ann", small_jpeg)
    urls = [photo.url, photo.resize("9x9")]
    with nginx(server, http=http) as (port,):
        site = f"http://127.0.0.1:{port}"
        ann = Visitor(site, logged_in("ann"))
        permissions.asked.clear()
        assert statuses(ann, urls) == statuses(ann, urls) == {200}
        assert permissions.asked == [photo.name] * 4, "nginx asks the app each time"
        assert statuses(Visitor(site, logged_in("bob")), urls) == {403}
        assert statuses(Visitor(site), urls) == {404}


# -- check_media ----------------------------------------------------------------------------------


def test_check_media_finds_that_private_files_are_refused(site: str) -> None:
    document = diagnose("--site", site)
    assert document["problems"] == document["warnings"] == []
    got = statuses_of_requests(document)
    bucket = {"bucket": [403]} if "bucket" in got else {}
    assert got == {"stranger": [404], "stranger_original": [404], **bucket}


def test_check_media_finds_a_permission_that_lets_everyone_in(site: str, settings: Any) -> None:
    change_options(settings, permission="tests.support.permissions.everyone")
    problems = diagnose("--site", site)["problems"]
    assert [(each["id"], each["request"]) for each in problems] == [
        ("private-visible", "stranger"),
        ("private-visible", "stranger_original"),
    ]


def test_check_media_finds_a_bucket_that_everyone_may_read(private_bucket: str) -> None:
    storage: Any = media_storage()
    everything = f"arn:aws:s3:::{storage.bucket_name}/*"
    statement = {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"]}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": [everything]}]}
    storage.client.put_bucket_policy(Bucket=storage.bucket_name, Policy=json.dumps(policy))
    problem = the_problem("private-visible", "--site", private_bucket)
    assert problem["request"] == "bucket"
    assert "configure_media_bucket --mode app" in problem["remedy"]


def test_check_media_needs_an_answer_of_the_app(private_disk: str) -> None:
    problems = diagnose("--site", f"http://127.0.0.1:{free_port()}")["problems"]
    assert {each["id"] for each in problems} == {"private-unverified"}


# -- beside public media --------------------------------------------------------------------------


@pytest.fixture(params=["ceph", "nginx"])
def site_with_private_attachments(
    request: Any, running: Any, settings: Any, live_server: Any, tmp_path: Path, monkeypatch: Any
) -> Iterator[str]:
    """A site with public photos on local disk, and private attachments of each kind in turn."""
    options = {"access": "private", "permission": "tests.support.permissions.is_logged_in"}
    if request.param == "nginx":
        folder = tmp_path / "private"
        accel = {"location": str(folder), "accel_url": "/protected/"}
        storage = {"BACKEND": LOCAL, "OPTIONS": {**options, **accel}}
        store_attachments_in(settings, monkeypatch, storage)
        with nginx(guide_s_nginx(folder, live_server.url, "/documents/")) as (port,):
            yield f"http://127.0.0.1:{port}"
    else:
        new_bucket(settings, running("ceph"), public_url=None, **options)
        bucket = settings.STORAGES["media"]
        settings.SHIFT_MEDIA_STORAGE = None
        store_attachments_in(settings, monkeypatch, bucket)
        yield live_server.url


@pytest.mark.browser
def test_the_public_mount_has_no_private_resize(
    transactional_db: None, site_with_private_attachments: str, chromium: Any, small_jpeg: bytes
) -> None:
    site, client = site_with_private_attachments, logged_in("ann")
    file = Attachment.objects.create(preview=ContentFile(small_jpeg, name="small.jpg")).preview
    ann, tab = Visitor(site, client), Tab(chromium, site, client)
    for url in (file.resize("9x9"), file.url):
        public = url.replace("/documents/", "/media/")
        attempts = [public, public.partition("?")[0]]
        assert statuses(ann, attempts) == {404}, "before it is stored"
        assert ann.ask(url).status_code == 200
        assert Visitor(site).ask(url).status_code == 404
        assert statuses(ann, attempts) == {404}, "after it is stored"
        assert tab.page.goto(site + url).status == 200
        assert [tab.page.goto(site + attempt).status for attempt in attempts] == [404, 404]


# -- in Chromium ----------------------------------------------------------------------------------


@pytest.mark.browser
def test_chromium_shows_a_picture_to_its_owner_until_logout(
    site: str, chromium: Any, small_jpeg: bytes, monkeypatch: Any
) -> None:
    photo = photo_of("ann", small_jpeg)
    client = logged_in("ann")
    ann, bob, stranger = (Tab(chromium, site, each) for each in (client, logged_in("bob"), None))
    assert ann.shown("/") == [True, True]
    permissions.asked.clear()
    assert ann.shown("/") == [True, True]
    assert permissions.asked == [], "the browser has kept them"
    assert bob.shown("/") == stranger.shown("/") == [False, False]
    assert ann.page.goto(site + photo.url).status == 200
    assert bob.page.goto(site + photo.url).status == 403
    assert ann.page.goto(site + photo.url.partition("?")[0]).status == 404, "a guessed URL"
    client.logout()
    ann.context.clear_cookies(name="sessionid")
    assert ann.shown("/") == [False, False], "what the browser has kept is another user's now"
    assert ann.page.goto(site + photo.url).status == 404
    url, later = photo.url, time.time() + 7200
    monkeypatch.setattr(access_tokens, "time", lambda: later)
    assert bob.page.goto(site + url).status == 403, "an expired URL"
    assert "has expired" in bob.page.content()
