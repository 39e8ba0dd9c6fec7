"""manage.py check_media: problems of the app, and on the way to it."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.buckets import change_options, configured_bucket, new_bucket
from tests.support.diagnostics import (
    app_proxy,
    diagnose,
    put_rules,
    statuses,
    stored,
    the_problem,
    website_proxy,
)
from tests.support.galleries import environment, gallery
from tests.support.proxies import Certificate, make_certificate, nginx
from tests.support.servers import free_port


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: Any) -> Certificate:
    """A certificate that this machine trusts."""
    made = make_certificate(tmp_path, "localhost", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    return made


# -- the way to the app ---------------------------------------------------------------------------


@pytest.mark.server
def test_a_rule_that_leads_to_another_site(moto_bucket: Any, live_server: Any) -> None:
    with nginx("return 404;", "default_type text/html; return 200 welcome;") as ports:
        for port in ports:
            put_rules(moto_bucket, HostName=f"127.0.0.1:{port}")
            problem = the_problem("rule-elsewhere")
            assert (problem["request"], problem["hop"]) == ("first", 2)
            assert f"127.0.0.1:{port}" in problem["what"] + problem["url"]
        document = diagnose("--site", live_server.url)
    problem = document["problems"][0]
    assert (problem["id"], problem["hop"]) == ("rule-elsewhere", 1)
    assert f"not to {live_server.url}/media/" in problem["what"]
    put_rules(moto_bucket, HostName="no-such-host.invalid")
    the_problem("rule-elsewhere")


@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
@pytest.mark.parametrize("prefix", ["pictures/", "media/pictures/"])
def test_urls_that_are_mounted_elsewhere(bucket: Any, live_server: Any, prefix: str) -> None:
    put_rules(bucket, ReplaceKeyPrefixWith=prefix)
    problem = the_problem("mounted-elsewhere")
    assert (problem["request"], problem["hop"]) == ("first", 2)
    assert f"/{prefix}KEY, but the URLs of django_shift_media are mounted at '/media/'." in shorten(
        problem["what"]
    )
    assert diagnose("--site", live_server.url)["problems"][0]["id"] == "mounted-elsewhere"


def shorten(text: str) -> str:
    return re.sub(r"[0-9a-f/]{36}/check-media.png/24x24[^ ,]+?\.webp", "KEY", text)


def test_urls_of_local_disk_that_are_mounted_elsewhere(settings: Any, live_server: Any) -> None:
    settings.MEDIA_URL = f"{live_server.url}/pictures/"
    assert "Set MEDIA_URL " in the_problem("mounted-elsewhere")["remedy"]


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_an_app_with_another_key(s3: Any, settings: Any, tmp_path: Path, live_server: Any) -> None:
    storage = configured_bucket(settings, s3, live_server.url)
    other = environment(tmp_path, s3, storage.bucket_name, SECRET_KEY="another key" * 5)
    with gallery(other) as site:
        put_rules(storage, HostName=site.removeprefix("http://"))
        problem = the_problem("signing-keys-differ")
    assert (problem["request"], problem["hop"]) == ("first", 2)
    assert "SHIFT_MEDIA_SIGNING_KEY_FALLBACKS" in problem["remedy"]
    assert stored(storage) == []


def test_an_app_with_another_key_on_local_disk(settings: Any, tmp_path: Path) -> None:
    with gallery(environment(tmp_path, SECRET_KEY="another key" * 5)) as site:
        settings.MEDIA_ROOT = tmp_path / "media"
        the_problem("signing-keys-differ", "--site", site)


def test_an_app_with_another_storage(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "here"
    with gallery(environment(tmp_path)) as site:
        assert "MEDIA_ROOT" in the_problem("other-storage", "--site", site)["remedy"]


@pytest.mark.server
def test_an_app_that_is_down(moto_bucket: Any, live_server: Any) -> None:
    put_rules(moto_bucket, HostName=f"127.0.0.1:{free_port()}")
    assert "Start the app" in the_problem("app-unreachable")["remedy"]
    with nginx(f"location / {{ proxy_pass http://127.0.0.1:{free_port()}; }}") as (port,):
        put_rules(moto_bucket, HostName=f"127.0.0.1:{port}")
        assert "answers 502" in the_problem("app-unreachable")["what"]


def test_an_app_of_local_disk_that_is_down() -> None:
    the_problem("app-unreachable", "--site", f"http://127.0.0.1:{free_port()}")


@pytest.mark.server
def test_a_login_before_the_app(moto_bucket: Any) -> None:
    with nginx("location /media/ { return 302 /login/?next=$uri; }") as (port,):
        put_rules(moto_bucket, HostName=f"127.0.0.1:{port}")
        problem = diagnose()["problems"][0]
    assert (problem["id"], problem["hop"]) == ("app-redirects", 2)


@pytest.mark.server
def test_a_login_before_local_disk() -> None:
    with nginx("location /media/ { return 302 /login/?next=$uri; }") as (port,):
        problem = diagnose("--site", f"http://127.0.0.1:{port}")["problems"][0]
    assert (problem["id"], problem["hop"]) == ("app-redirects", 1)


@pytest.mark.server
def test_an_app_under_another_name_is_a_detour(moto_bucket: Any, live_server: Any) -> None:
    with nginx(f"location / {{ return 301 {live_server.url}$request_uri; }}") as (port,):
        put_rules(moto_bucket, HostName=f"127.0.0.1:{port}")
        document = diagnose()
    assert statuses(document)["first"] == [302, 301, 301, 200]
    (warning,) = document["warnings"]
    assert (warning["id"], warning["hop"]) == ("app-redirects", 2)
    assert f"--app-url {live_server.url}" in warning["remedy"]


@pytest.mark.server
def test_a_firewall_before_the_app(moto_bucket: Any) -> None:
    with nginx("location / { return 401; }") as (port,):
        put_rules(moto_bucket, HostName=f"127.0.0.1:{port}")
        assert "answers 401" in the_problem("app-refuses")["what"]


def test_a_host_that_the_app_does_not_know(moto_bucket: Any, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["www.example.com"]
    assert "'localhost' to ALLOWED_HOSTS" in the_problem("host-refused")["remedy"]


def test_a_resize_that_fails(moto_bucket: Any, settings: Any) -> None:
    settings.SHIFT_MEDIA_MAX_PIXELS = 1000
    assert "answers 422" in the_problem("resize-failed")["what"]


@pytest.mark.server
def test_the_app_s_answer_without_its_no_store(moto_bucket: Any, live_server: Any) -> None:
    with nginx(app_proxy(live_server, "proxy_hide_header Cache-Control;")) as (port,):
        put_rules(moto_bucket, HostName=f"localhost:{port}")
        assert "no-store" in the_problem("redirect-cached")["what"]


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_an_app_with_credentials_that_are_refused(s3: Any, bucket: Any, tmp_path: Path) -> None:
    wrong = environment(tmp_path, s3, bucket.bucket_name, AWS_SECRET_ACCESS_KEY="wrong")
    with gallery(wrong) as site:
        put_rules(bucket, HostName=site.removeprefix("http://"))
        problem = the_problem("resize-failed")
    assert "the app's credentials need the permissions" in problem["remedy"]


@pytest.mark.parametrize("id", ["wrong-endpoint", "scheme-mismatch"])
def test_an_app_that_sends_back_elsewhere(
    moto: Any, moto_bucket: Any, tmp_path: Path, id: str
) -> None:
    public_url = "http://127.0.0.1:9/"
    if id == "scheme-mismatch":
        public_url = moto_bucket.media_url.replace("http:", "https:")
    other = environment(tmp_path, moto, moto_bucket.bucket_name, GALLERY_S3_PUBLIC_URL=public_url)
    with gallery(other) as site:
        put_rules(moto_bucket, HostName=site.removeprefix("http://"))
        problem = diagnose()["problems"][0]
    assert (problem["id"], problem["hop"]) == (id, 2)
    assert f"The app redirects to {public_url[:-1]}, but pages use" in problem["what"]


def test_a_cdn_that_does_not_ask_the_app(moto: Any, settings: Any, live_server: Any) -> None:
    storage = new_bucket(settings, moto)
    change_options(
        settings, mode="failover", public_url=f"{moto.endpoint_url}/{storage.bucket_name}/"
    )
    assert "403 and 404" in the_problem("failover-missing")["remedy"]


# -- http and https -------------------------------------------------------------------------------


@pytest.mark.server
def test_an_app_over_https_and_media_over_http(
    moto_bucket: Any, live_server: Any, tls: Certificate
) -> None:
    with nginx(tls.directives + app_proxy(live_server)) as (port,):
        put_rules(moto_bucket, HostName=f"localhost:{port}", Protocol="https")
        problem = the_problem("scheme-mismatch")
    assert (problem["request"], problem["hop"]) == ("first", 1)
    assert "configure_media_cdn --domain" in problem["remedy"]


def test_a_site_over_https_and_media_over_http(moto_bucket: Any) -> None:
    ids = [p["id"] for p in diagnose("--site", "https://localhost")["problems"]]
    assert ids[0] == "rule-elsewhere"
    assert "scheme-mismatch" in ids


@pytest.mark.server
def test_a_rule_that_says_http_and_an_app_that_wants_https(
    moto: Any, moto_bucket: Any, live_server: Any, settings: Any, tls: Certificate
) -> None:
    encrypted = free_port()
    servers = (
        tls.directives + website_proxy(moto, moto_bucket),
        f"location / {{ return 301 https://localhost:{encrypted}$request_uri; }}",
        f"{tls.directives} listen 127.0.0.1:{encrypted} ssl; {app_proxy(live_server)}",
    )
    with nginx(*servers) as (media, plain, _):
        change_options(settings, public_url=f"https://localhost:{media}/")
        put_rules(moto_bucket, HostName=f"localhost:{plain}")
        problem = the_problem("scheme-mismatch")
    assert (problem["request"], problem["hop"]) == ("first", 2)
    assert f"--app-url https://localhost:{encrypted}" in problem["remedy"]


def test_https_where_there_is_only_http(moto: Any, moto_bucket: Any, settings: Any) -> None:
    change_options(settings, public_url=moto_bucket.media_url.replace("http:", "https:"))
    assert "It probably does not support HTTPS" in the_problem("scheme-mismatch")["what"]
    # On AWS, nobody listens there.
    change_options(settings, public_url="https://bucket.s3-website.localhost:9/")
    assert "support HTTP only" in the_problem("scheme-mismatch")["what"]


@pytest.mark.server
def test_media_that_want_https(
    moto: Any, moto_bucket: Any, settings: Any, tls: Certificate
) -> None:
    encrypted = free_port()
    website = website_proxy(moto, moto_bucket)
    servers = (
        f"location / {{ return 301 https://localhost:{encrypted}$request_uri; }}",
        f"{tls.directives} listen 127.0.0.1:{encrypted} ssl; {website}",
    )
    with nginx(*servers) as (plain, _):
        change_options(settings, public_url=f"http://localhost:{plain}/")
        problem = the_problem("scheme-mismatch")
    assert (problem["request"], problem["hop"]) == ("first", 1)
    assert 'Use https in "public_url"' in problem["remedy"]


@pytest.mark.server
def test_http_where_there_is_only_https(
    moto_bucket: Any, live_server: Any, tls: Certificate
) -> None:
    with nginx(tls.directives + app_proxy(live_server)) as (port,):
        put_rules(moto_bucket, HostName=f"localhost:{port}")
        assert "requires https" in the_problem("scheme-mismatch")["what"]


@pytest.mark.server
def test_a_certificate_that_is_not_valid(
    moto: Any, moto_bucket: Any, live_server: Any, settings: Any, tmp_path: Path
) -> None:
    tls = make_certificate(tmp_path, "localhost").directives
    with nginx(tls + app_proxy(live_server), tls + website_proxy(moto, moto_bucket)) as ports:
        put_rules(moto_bucket, HostName=f"localhost:{ports[0]}", Protocol="https")
        problems = diagnose()["problems"]
        named = {problem["id"]: problem for problem in problems}
        assert named["certificate-invalid"]["hop"] == 2
        change_options(settings, public_url=f"https://localhost:{ports[1]}/")
        problem = the_problem("certificate-invalid")
    assert problem["hop"] == 1
    assert "self-signed certificate" in problem["what"]


@pytest.mark.server
def test_a_certificate_for_another_host(
    moto_bucket: Any, live_server: Any, settings: Any, tls: Certificate
) -> None:
    with nginx(tls.directives + app_proxy(live_server)) as (port,):
        change_options(settings, public_url=f"https://media.localhost:{port}/")
        assert "mismatch" in the_problem("certificate-invalid")["what"]
