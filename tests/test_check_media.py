"""manage.py check_media: configurations that work, and the clean-up of the probe."""

import io
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_shift_media.aws.access import RESIZE_PATTERN
from tests.support.buckets import change_options, new_bucket
from tests.support.concurrency import at_once
from tests.support.diagnostics import (
    diagnose,
    faketime,
    put_rules,
    statuses,
    stored,
    the_problem,
    website_proxy,
)
from tests.support.galleries import MANAGE, environment, gallery
from tests.support.proxies import nginx
from tests.support.terminals import in_a_terminal
from tests.support.waiting import PATIENCE

PUBLIC = "public, max-age=31536000, immutable"


def let_everyone_read(storage: Any, pattern: str = "*") -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{storage.bucket_name}/{pattern}",
    }
    storage.client.put_bucket_policy(
        Bucket=storage.bucket_name, Policy=json.dumps({"Statement": [statement]})
    )


# -- configurations that work ---------------------------------------------------------------------


def test_a_website_that_works_has_no_problems(bucket: Any) -> None:
    document = diagnose()
    assert statuses(document) == {
        "first": [302, 301, 200],
        "again": [200],
        "after_deletion": [302, 301, 200],
    }
    bucket_hop, app_hop, picture = document["hops"]["first"]
    assert bucket_hop["url"] == document["url"]
    assert bucket_hop["location"] == app_hop["url"]
    assert (app_hop["location"], app_hop["cache_control"]) == (document["url"], "no-store")
    assert (picture["content_type"], picture["cache_control"]) == ("image/webp", PUBLIC)
    assert document["warnings"] == []
    assert stored(bucket) == []


def test_every_hop_is_printed(moto_bucket: Any, live_server: Any) -> None:
    output = io.StringIO()
    call_command("check_media", stdout=output)
    text = output.getvalue()
    first, again = re.split("First request\n|Second request\n|Request after deletion\n", text)[1:3]
    assert re.findall(r"^  \d  (\d{3})  +\d+ ms  (\S+)$", first, re.M) == [
        ("302", f"{moto_bucket.media_url}KEY"),
        ("301", f"{live_server.url}/media/KEY"),
        ("200", f"{moto_bucket.media_url}KEY"),
    ]
    assert f"Location: {live_server.url}/media/KEY\n" in first
    assert f"Cache-Control: {PUBLIC}\n" in again
    assert text.count("OK: ") == 5
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(("columns", "longest"), [(60, 60), (300, 98)])
def test_texts_wrap_at_the_width_of_the_terminal(
    moto_bucket: Any, monkeypatch: Any, columns: int, longest: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    output = io.StringIO()
    call_command("check_media", stdout=output)
    results = output.getvalue().partition("\nOK: the probe was stored.")[2]
    [sentence] = re.findall("OK: first request: (.+?)OK:", results, re.DOTALL)
    assert " ".join(sentence.split()) == (
        "the resize was generated, stored and served; browsers may cache it for a year."
    )
    assert longest - 8 <= max(map(len, results.splitlines())) <= longest


def test_all_lines_fit_into_a_narrow_terminal(tmp_path: Path) -> None:
    """Except for URLs and keys, which a terminal breaks without losing a character of them."""
    variables = environment(tmp_path)
    with gallery(variables) as site:
        command = [sys.executable, MANAGE, "check_media", "--no-color", "--site", site]
        text = in_a_terminal(40, [str(part) for part in command], variables)
    assert "OK: first request" in text
    lines = text.splitlines()
    assert [line for line in lines if len(line) > 40 and " " in line.strip()] == []
    assert max(len(line) for line in lines if "://" not in line and "/" not in line) > 30


def test_a_location_that_works_has_no_problems(moto: Any, settings: Any, live_server: Any) -> None:
    storage = new_bucket(settings, moto, location="user/media")
    website = f"{moto.website_url(storage.bucket_name)}user/media/"
    storage = change_options(settings, public_url=website)
    call_command("configure_media_bucket", "--app-url", live_server.url)
    document = diagnose("--site", live_server.url)
    assert statuses(document)["first"] == [302, 301, 200]
    assert document["hops"]["first"][0]["url"].startswith(website)
    assert stored(storage) == []
    storage.client.delete_bucket_policy(Bucket=storage.bucket_name)
    the_problem("not-public", "--site", live_server.url)


@pytest.mark.server
@pytest.mark.parametrize("mode", ["app", "failover"])
def test_a_private_bucket_that_works_has_no_problems(
    moto: Any, settings: Any, live_server: Any, mode: str
) -> None:
    storage = new_bucket(settings, moto)
    if mode == "failover":
        let_everyone_read(storage)  # the nginx below does not sign its requests
    cdn = (
        f"location / {{ proxy_pass {moto.endpoint_url}/{storage.bucket_name}/;"
        " proxy_intercept_errors on; error_page 403 404 = @app; }"
        f"location @app {{ proxy_pass {live_server.url}; rewrite ^ /media$uri break; }}"
    )
    with nginx(cdn) as (port,):
        public_url = f"http://127.0.0.1:{port}/" if mode == "failover" else None
        storage = change_options(settings, mode=mode, public_url=public_url)
        document = diagnose("--site", live_server.url)
    assert set(map(tuple, statuses(document).values())) == {(200,)}
    assert document["problems"] == document["warnings"] == []
    assert stored(storage) == []


CACHE = (
    "proxy_cache kept; proxy_cache_valid 200 1m; add_header X-Cache $upstream_cache_status always;"
)


@pytest.fixture
def cdn(running: Any, settings: Any, live_server: Any) -> Iterator[Any]:
    """A CDN in front of a private bucket that nobody may read yet; it keeps what it serves."""
    ceph = running("ceph")
    storage = new_bucket(settings, ceph)
    server = (
        f"location / {{ proxy_pass {ceph.endpoint_url}/{storage.bucket_name}/; {CACHE}"
        " proxy_intercept_errors on; error_page 403 404 = @app; }"
        f"location @app {{ proxy_pass {live_server.url}; {CACHE} rewrite ^ /media$uri break; }}"
    )
    with nginx(server, http="proxy_cache_path cache keys_zone=kept:1m;") as (port,):
        public_url = f"http://127.0.0.1:{port}/"
        yield change_options(settings, mode="failover", public_url=public_url)


@pytest.mark.server
def test_a_bucket_that_the_cdn_cannot_read_is_a_problem(cdn: Any, live_server: Any) -> None:
    """The app hides it: it answers all requests for resizes, and the cache repeats them."""
    document = diagnose("--site", live_server.url)
    assert statuses(document)["first"] == statuses(document)["again"] == [200]
    assert document["hops"]["again"][0]["x_cache"] == "HIT"
    (problem,) = document["problems"]
    assert (problem["id"], problem["request"]) == ("bucket-unreadable", "stored")
    command = f"configure_media_cdn --mode failover --app-url {live_server.url}"
    assert command in problem["remedy"]
    assert stored(cdn) == []


@pytest.mark.server
def test_a_cdn_that_reads_the_bucket_is_verified(cdn: Any, live_server: Any) -> None:
    let_everyone_read(cdn)
    document = diagnose("--site", live_server.url)
    assert list(document["hops"]) == ["first", "again", "stored", "original", "after_deletion"]
    assert document["problems"] == document["warnings"] == []
    # The cache has the deleted resize, so nothing asked the app for it.
    assert document["unverified"] == ["after_deletion"]
    output = io.StringIO()
    call_command("check_media", "--site", live_server.url, stdout=output)
    assert "Not verified: request after deletion: a cache served" in output.getvalue()
    assert output.getvalue().count("OK: ") == 6


@pytest.mark.server
def test_private_originals_need_presigned_urls(cdn: Any, live_server: Any, settings: Any) -> None:
    let_everyone_read(cdn, RESIZE_PATTERN)
    document = diagnose("--site", live_server.url)
    assert document["problems"] == []
    (warning,) = document["warnings"]
    assert (warning["id"], warning["request"]) == ("original-unreadable", "original")
    assert "querystring_auth" in warning["remedy"]
    change_options(settings, querystring_auth=True)
    assert diagnose("--site", live_server.url)["warnings"] == []


def test_a_redirect_that_grows_is_cut_in_the_report(moto_bucket: Any, live_server: Any) -> None:
    put_rules(moto_bucket, HostName="www.example.com", ReplaceKeyPrefixWith="login/" * 90)
    output = io.StringIO()
    with pytest.raises(CommandError):
        call_command("check_media", "--site", "https://www.example.com", stdout=output)
    assert "login/login/" in output.getvalue()
    assert max(map(len, output.getvalue().splitlines())) < 250


def test_a_problem_is_printed_with_its_remedy(
    moto_bucket: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    moto_bucket.client.delete_bucket_policy(Bucket=moto_bucket.bucket_name)
    output = io.StringIO()
    with pytest.raises(CommandError, match=r"^Problems found: not-public\.$"):
        call_command("check_media", stdout=output)
    assert output.getvalue().endswith(
        "Error: not-public (first request, hop 3)\n"
        f"  The policy of the bucket '{moto_bucket.bucket_name}' does not allow everyone to read"
        " resizes.\n"
        "  Remedy: Add a policy statement that does:\n"
        f"      python manage.py configure_media_bucket --app-url {live_server.url}\n"
    )


def test_it_runs_in_a_thread(moto_bucket: Any) -> None:
    (document,) = at_once([diagnose])
    assert document["ok"]


def test_a_local_disk_that_works_has_no_problems(settings: Any, tmp_path: Path) -> None:
    with gallery(environment(tmp_path)) as site:
        settings.MEDIA_ROOT = tmp_path / "media"
        document = diagnose("--site", site)
    assert set(map(tuple, statuses(document).values())) == {(200,)}
    assert document["problems"] == document["warnings"] == []
    assert list(settings.MEDIA_ROOT.iterdir()) == []


def test_a_path_alone_needs_a_site() -> None:
    with pytest.raises(CommandError, match=r"begin with '/media/'.*--site https://www.example.com"):
        call_command("check_media")
    with pytest.raises(
        CommandError,
        match=r"Invalid URL of the app 'example.com'. Use a scheme and a host, such as",
    ):
        call_command("check_media", "--site", "example.com")


@pytest.mark.server
def test_a_cache_that_stores_the_resize_is_no_problem(
    moto: Any, moto_bucket: Any, settings: Any
) -> None:
    cache = "proxy_cache kept; proxy_cache_valid 200 1m; add_header X-Cache $upstream_cache_status;"
    server = website_proxy(moto, moto_bucket, cache)
    with nginx(server, http="proxy_cache_path cache keys_zone=kept:1m;") as (port,):
        change_options(settings, public_url=f"http://127.0.0.1:{port}/")
        document = diagnose()
    assert statuses(document) == {"first": [302, 301, 200], "again": [200], "after_deletion": [200]}
    assert document["hops"]["after_deletion"][0]["x_cache"] == "HIT"


# -- Cache-Control and clocks ---------------------------------------------------------------------


def test_pictures_that_are_not_kept(bucket: Any, settings: Any) -> None:
    change_options(settings, object_parameters={"CacheControl": "max-age=60"})
    problem = the_problem("cache-control-missing")
    assert (problem["request"], problem["hop"]) == ("first", 3)
    assert "is max-age=60." in problem["what"]
    assert "object_parameters" in problem["remedy"]


def test_pictures_that_a_web_server_gives_bare(live_server: Any) -> None:
    """The live server gives what is on local disk by itself, as a web server does."""
    problem = the_problem("cache-control-missing", "--site", live_server.url)
    assert problem["request"] == "again"
    assert "add_header" in problem["remedy"]


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
@pytest.mark.parametrize(("offset", "code"), [("+20m", 1), ("-20m", 1), ("+7m", 0)])
def test_a_clock_that_is_wrong(
    bucket: Any, s3: Any, tmp_path: Path, offset: str, code: int
) -> None:
    result = subprocess.run(
        [*faketime(offset), sys.executable, MANAGE, "check_media", "--json"],
        env=environment(tmp_path, s3, bucket.bucket_name),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    document = json.loads(result.stdout)
    assert result.returncode == code, result.stderr
    (problem, *_) = document["problems"] if code else document["warnings"]
    assert problem["id"] == "clock-skew"
    assert "15 minutes off" in problem["remedy"]


def test_an_app_whose_clock_is_wrong(settings: Any, tmp_path: Path) -> None:
    with gallery(environment(tmp_path), *faketime("-20m")) as site:
        settings.MEDIA_ROOT = tmp_path / "media"
        problem = the_problem("clock-skew", "--site", site)
    assert "is 20 minutes behind this machine's" in problem["what"]


# -- writing and deleting -------------------------------------------------------------------------


@pytest.mark.server
def test_acls_that_are_refused(moto: Any, moto_bucket: Any, settings: Any) -> None:
    code = "<Error><Code>AccessControlListNotSupported</Code></Error>"
    server = (
        f"location / {{ if ($http_x_amz_acl) {{ return 400 '{code}'; }}"
        f" proxy_pass {moto.endpoint_url}; proxy_set_header Host $http_host; }}"
    )
    with nginx(server) as (port,):
        endpoint = f"http://127.0.0.1:{port}"
        change_options(settings, endpoint_url=endpoint, object_parameters={"ACL": "public-read"})
        problem = the_problem("acls-refused")
        assert "Remove \"ACL\": 'public-read' from" in problem["remedy"]
        change_options(settings, object_parameters={})
        assert diagnose()["ok"]


@pytest.mark.server
@pytest.mark.parametrize(
    ("code", "id"),
    [("AuthorizationHeaderMalformed", "wrong-region"), ("InvalidRequest", "not-stored")],
)
def test_what_else_a_storage_says(moto_bucket: Any, settings: Any, code: str, id: str) -> None:
    with nginx(f"location / {{ return 400 '<Error><Code>{code}</Code></Error>'; }}") as (port,):
        change_options(settings, endpoint_url=f"http://127.0.0.1:{port}")
        assert code in the_problem(id)["what"]


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_acls_that_are_blocked(bucket: Any, settings: Any) -> None:
    bucket.client.put_public_access_block(
        Bucket=bucket.bucket_name, PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    change_options(settings, object_parameters={"ACL": "public-read"})
    the_problem("acls-refused")


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
@pytest.mark.parametrize(
    ("options", "id"),
    [
        ({"secret_key": "wrong"}, "credentials-refused"),
        ({"access_key": "wrong"}, "credentials-refused"),
        ({"bucket_name": "no-such-bucket"}, "no-such-bucket"),
        ({"endpoint_url": "http://127.0.0.1:9"}, "storage-unreachable"),
    ],
)
def test_storages_that_take_nothing(
    bucket: Any, settings: Any, options: dict[str, str], id: str
) -> None:
    change_options(settings, **options)
    document = diagnose()
    assert [problem["id"] for problem in document["problems"]] == [id]
    assert document["hops"] == {}


def test_a_disk_that_takes_nothing(settings: Any, tmp_path: Path, live_server: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "file" / "media"
    (tmp_path / "file").touch()
    the_problem("not-stored", "--site", live_server.url)


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_a_probe_that_cannot_be_deleted_is_named(bucket: Any) -> None:
    client, name = bucket.client, bucket.bucket_name
    policy = json.loads(client.get_bucket_policy(Bucket=name)["Policy"])
    denied = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    policy["Statement"].append(denied)
    client.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    document = diagnose()
    assert [p["id"] for p in document["problems"]] == ["credentials-refused", "left-behind"]
    assert f"under {stored(bucket)[0][:36]}/" in document["problems"][1]["what"]


# -- ended in the middle --------------------------------------------------------------------------


class Closed(io.StringIO):
    """Output that is closed after the first lines, as by ``head``."""

    def write(self, text: str) -> int:
        if "First request" in text:
            raise BrokenPipeError
        return super().write(text)


def test_nothing_is_left_when_nobody_reads_on(moto_bucket: Any) -> None:
    with pytest.raises(BrokenPipeError):
        call_command("check_media", stdout=Closed())
    assert stored(moto_bucket) == []


@pytest.fixture
def silence(moto_bucket: Any) -> Iterator[Callable[[], None]]:
    """An app that takes requests and never answers; call it to wait for the first."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        put_rules(moto_bucket, HostName=f"127.0.0.1:{listener.getsockname()[1]}")
        accepted: list[socket.socket] = []
        yield lambda: accepted.append(listener.accept()[0])
        for connection in accepted:
            connection.close()


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)],
)
def test_nothing_is_left_when_it_is_ended_in_the_middle(
    moto: Any, moto_bucket: Any, silence: Any, tmp_path: Path, number: int, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, MANAGE, "check_media"],
        env=environment(tmp_path, moto, moto_bucket.bucket_name),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    silence()
    assert len(stored(moto_bucket)) == 1
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, errors
    assert b"Traceback" not in errors
    assert stored(moto_bucket) == []
