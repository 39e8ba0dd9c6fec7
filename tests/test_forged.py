"""Forged requests, byte for byte as they are sent: nothing puts them right on the way."""

import http.client
import importlib.util
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile

from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment, Photo
from tests.support.applications import application
from tests.support.browsing import Response
from tests.support.buckets import new_bucket, operations
from tests.support.galleries import environment
from tests.support.hostile import HTML
from tests.support.requirements import missing
from tests.support.servers import ROOT, free_port, stop, wait_for
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.django_db

SECRET = b"a secret beside the media"


def send(site: str, target: str, *headers: str, method: str = "GET", host: str = "app") -> Response:
    """Send a request as it is, in UTF-8."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    parts = urlsplit(site)
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = http.client.HTTPResponse(connection, method=method)
        answer.begin()
        return Response(site + target, answer.status, answer.headers, answer.read())


# What is made of the path of a good resize, /media/UUID/small.jpg/50x50-fit-80-noupscale-….jpg.
ALTERED = {
    "unsigned": lambda url: url[:-37] + url[-4:],
    "with an empty signature": lambda url: url[:-36] + url[-4:],
    "with a short signature": lambda url: url[:-5] + url[-4:],
    "with a signature of zeros": lambda url: url[:-36] + "0" * 32 + url[-4:],
    "with a signature in capitals": lambda url: url[:-36] + url[-36:-4].upper() + url[-4:],
    "of another size": lambda url: url.replace("/50x50-", "/51x50-"),
    "of a size with zeros before it": lambda url: url.replace("/50x50-", "/050x50-"),
    "of a size in Arabic digits": lambda url: url.replace("/50x50-", "/%D9%A5%D9%A0x50-"),
    "of a size in wide digits": lambda url: url.replace("/50x50-", "/%EF%BC%95%EF%BC%90x50-"),
    "of a negative size": lambda url: url.replace("/50x50-", "/-50x50-"),
    "of an enormous size": lambda url: url.replace("/50x50-", f"/{'9' * 3000}x50-"),
    "of another quality": lambda url: url.replace("-80-", "-81-"),
    "of another way to fit": lambda url: url.replace("-fit-", "-fill-"),
    "that enlarges": lambda url: url.replace("-noupscale-", "-upscale-"),
    "of another format": lambda url: url[:-4] + ".png",
    "of no format": lambda url: url[:-4],
    "that is HTML": lambda url: url[:-4] + ".html",
    "of another original": lambda url: url.replace("/small.jpg/", "/other.jpg/"),
    "of another upload": lambda url: "/media/00000000" + url[15:],
    "of an upload in capitals": lambda url: url[:43].upper().replace("MEDIA", "media") + url[43:],
    "with a byte of zero": lambda url: url + "%00",
    "with a byte of zero before a suffix": lambda url: url + "%00.html",
    "with a byte of zero inside": lambda url: url.replace("/small", "/%00small"),
    "with a line feed": lambda url: url + "%0a",
    "with a header": lambda url: url + "%0d%0aSet-Cookie:%20a=b",
    "with a slash": lambda url: url + "/",
    "with a second slash": lambda url: url.replace("/small", "//small"),
    "with a first slash": lambda url: url.replace("/media/", "/media//"),
    "with a dot": lambda url: url.replace("/small", "/./small"),
    "with two dots": lambda url: url.replace("/small", "/x/../small"),
    "with two dots, encoded": lambda url: url.replace("/small", "/x/%2e%2e/small"),
    "with a backslash": lambda url: url.replace("/small", "\\small"),
    "with a backslash, encoded": lambda url: url.replace("/small", "%5csmall"),
    "encoded twice": lambda url: url.replace("/50x50", "/%2535%2530x50"),
    "with a slash encoded twice": lambda url: url.replace("/small", "%252fsmall"),
    "with a parameter": lambda url: url + ";a=b",
    "with a space": lambda url: url + "%20",
    "with a script": lambda url: url + "/%3Cscript%3Ealert(1)%3C/script%3E",
    "with bytes that are no UTF-8": lambda url: url.replace("/small", "/%ff%fesmall"),
    "of a letter from elsewhere": lambda url: url.replace("/small", "/%D1%95mall"),
}
PLAIN = [
    "/media/",
    "/media/x",
    "/media/../../secret.txt",
    "/media/../secret.txt",
    "/media/%2e%2e/secret.txt",
    "/media/%2e%2e%2fsecret.txt",
    "/media/..%2fsecret.txt",
    "/media/..%5csecret.txt",
    "/media/..\\secret.txt",
    "/media/%252e%252e/secret.txt",
    "/media/%c0%ae%c0%ae/secret.txt",
    "/media/%u002e%u002e/secret.txt",
    "/media/....//secret.txt",
    "/media/x/../../secret.txt",
    "/media//etc/passwd",
    "/media/%2fetc/passwd",
    "/media/file:///etc/passwd",
    "/media/C:%5cWindows%5cwin.ini",
    "/media/%",
    "/media/%zz",
    "/media/%00",
    "/media/" + "a" * 3000,
    "/media/" + "../" * 900 + "secret.txt",
    "//evil.example/media/x",
    "/media/https://evil.example/",
    "/media/%2f%2fevil.example/",
]
FORGED = {**ALTERED, **{target[:60]: lambda url, target=target: target for target in PLAIN}}


def see_refused(answer: Response) -> None:
    """See a 404 that leads nowhere, runs nothing and shows no file."""
    assert answer.status == 404, answer
    assert answer.headers["Location"] is None
    assert answer.headers["Set-Cookie"] is None
    assert b"<script" not in answer.body
    assert SECRET not in answer.body
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if answer.headers["Content-Type"].startswith("text/plain"):  # else it is Django's own
        assert answer.headers["Content-Security-Policy"].endswith("sandbox")
        assert answer.headers["Cache-Control"] == "no-store"


def attack(site: str, url: str) -> None:
    """Send all that can be made of the path of a good resize."""
    for alter in FORGED.values():
        see_refused(send(site, alter(url)))


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    with application() as site:
        yield site


@contextmanager
def gunicorn(environment: dict[str, str]) -> Iterator[str]:
    if importlib.util.find_spec("gunicorn") is None:
        missing("gunicorn: pip install gunicorn")
    port = free_port()
    options = ["-b", f"127.0.0.1:{port}", "--timeout", str(PATIENCE), "testproject.wsgi"]
    command = [sys.executable, "-m", "gunicorn", *options]
    process = subprocess.Popen(command, cwd=ROOT / "testproject", env=environment)
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


@pytest.fixture
def on_s3(settings: Any, moto: Any, small_jpeg: bytes) -> str:
    """The path at the app of a resize that is good, of a photo on S3."""
    storage = new_bucket(settings, moto)
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg"))
    return "/media/" + photo.photo.resize("50x50").removeprefix(storage.media_url)


def test_a_forged_name_does_not_reach_the_storage(on_s3: str, app: str) -> None:
    asked = operations(media_storage())
    attack(app, on_s3)
    assert asked == []
    assert send(app, on_s3).status == 301, "while the good one is made"
    assert asked == ["HeadObject", "GetObject", "PutObject", "HeadObject"]


@pytest.mark.parametrize("debug", [True, False])
def test_a_forged_name_reaches_no_file(
    debug: bool, photo: Photo, app: str, settings: Any, tmp_path: Path
) -> None:
    settings.DEBUG = debug
    tmp_path.joinpath("secret.txt").write_bytes(SECRET)
    before = sorted(tmp_path.rglob("*"))
    attack(app, photo.photo.resize("50x50"))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.server
def test_gunicorn_refuses_what_django_s_server_refuses(
    on_s3: str, moto: Any, tmp_path: Path
) -> None:
    bucket = media_storage().bucket_name  # type: ignore[attr-defined]
    with gunicorn(environment(tmp_path, moto, bucket)) as site:
        attack(site, on_s3)
        assert send(site, on_s3).status == 301


@pytest.mark.server
@pytest.mark.parametrize(("length", "status"), [(10_000, 404), (100_000, 414)])
def test_a_very_long_name_is_refused(
    length: int, status: int, photo: Photo, app: str, tmp_path: Path
) -> None:
    target = "/media/" + "a" * length
    assert send(app, target).status == status
    with gunicorn(environment(tmp_path)) as site:
        assert send(site, target).status == 414


@pytest.mark.parametrize(
    "method", ["OPTIONS", "TRACE", "CONNECT", "PROPFIND", "POST", "PUT", "PATCH", "DELETE", "FOO"]
)
def test_other_methods_do_not_reach_the_storage(method: str, on_s3: str, app: str) -> None:
    asked = operations(media_storage())
    assert send(app, on_s3, method=method).status in {403, 405}  # 403: of Django, against CSRF
    assert asked == []


CONDITIONS = [
    "Range: bytes=0-10",
    "Range: bytes=-1,0-,5-2",
    "Range: bytes=" + "0-1," * 1000,
    "Range: apples=1",
    "If-Range: garbage",
    "If-None-Match: garbage",
    'If-None-Match: W/"a", "b',
    "If-None-Match: " + '"a",' * 1000,
    "If-Modified-Since: garbage",
    "If-Modified-Since: Fri, 31 Feb 9999999 25:61:61 GMT",
    "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT",
    "Accept: \u0663",
    "Cookie: sessionid=../../etc/passwd; csrftoken=%00",
    "Authorization: Basic %00",
    "Content-Type: multipart/form-data; boundary=",
]


@pytest.mark.parametrize("header", CONDITIONS)
def test_ranges_and_conditions_change_nothing(header: str, photo: Photo, app: str) -> None:
    url = photo.photo.resize("50x50")
    whole = send(app, url)
    answer = send(app, url, header)
    assert (answer.status, answer.body) == (200, whole.body)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert send(app, url.replace("/50x50-", "/51x50-"), header).status == 404


@pytest.mark.parametrize(
    ("header", "status"), [("If-None-Match: *", 304), ('If-Match: "other"', 412)]
)
def test_conditions_that_fail_give_no_bytes(
    header: str, status: int, photo: Photo, app: str
) -> None:
    url = photo.photo.resize("50x50")
    answer = send(app, url, header)
    assert (answer.status, answer.body) == (status, b"")
    assert send(app, url.replace("/50x50-", "/51x50-"), header).status == 404


HOSTS = [
    "evil.example",
    "evil.example:80",
    "evil.example/",
    "app@evil.example",
    "app, evil.example",
    "evil.example%0d%0a",
    "[::1",
    "\u0435vil.example",
    "",
    "a" * 3000,
]
FORWARDED = [
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Server: evil.example",
    "X-Host: evil.example",
    "X-Original-URL: /media/evil",
    "X-Rewrite-URL: https://evil.example/",
    "Forwarded: host=evil.example;proto=https",
    "X-Forwarded-Proto: evil",
    "Referer: https://evil.example/",
    "Host: evil.example",
]


def leads_to_the_bucket(answer: Response, url: str) -> bool:
    target = media_storage().public_url(url.removeprefix("/media/"))
    if answer.status == 400:  # Django knows that this is no host
        return answer.headers["Location"] is None
    return (answer.status, answer.headers["Location"]) == (301, target)


@pytest.mark.parametrize("host", HOSTS)
def test_no_host_leads_the_redirect_elsewhere(host: str, on_s3: str, app: str) -> None:
    assert leads_to_the_bucket(send(app, on_s3, host=host), on_s3)


@pytest.mark.parametrize("header", FORWARDED)
def test_no_header_leads_the_redirect_elsewhere(header: str, on_s3: str, app: str) -> None:
    assert leads_to_the_bucket(send(app, on_s3, header), on_s3)


@pytest.mark.server
def test_a_whole_url_as_the_target_leads_nowhere_else(
    on_s3: str, app: str, moto: Any, tmp_path: Path
) -> None:
    target = "http://evil.example" + on_s3
    see_refused(send(app, target))  # takes it for a path
    bucket = media_storage().bucket_name  # type: ignore[attr-defined]
    with gunicorn(environment(tmp_path, moto, bucket)) as site:
        assert leads_to_the_bucket(send(site, target), on_s3)  # takes it for what it is


@pytest.mark.parametrize("query", ["?x=1", "?next=https://evil.example/", "?" + "%00" * 99, "#x"])
def test_no_query_changes_the_redirect(query: str, on_s3: str, app: str) -> None:
    answer = send(app, on_s3 + query)
    assert answer.status == 404 if query == "#x" else leads_to_the_bucket(answer, on_s3)


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.xhtml", "a.xml", "a.js", "a.jpg.html"])
def test_what_could_run_is_given_to_be_kept(name: str, app: str, settings: Any, moto: Any) -> None:
    settings.DEBUG = True  # the view gives originals in development only
    on_disk = Attachment.objects.create(file=ContentFile(HTML, name=name))
    answer = send(app, on_disk.file.url)
    assert answer.body == HTML
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    )
    storage = new_bucket(settings, moto)
    on_s3 = Attachment.objects.create(file=ContentFile(HTML, name=name))
    head = storage.client.head_object(Bucket=storage.bucket_name, Key=on_s3.file.name)
    assert head["ContentDisposition"] == "attachment"
