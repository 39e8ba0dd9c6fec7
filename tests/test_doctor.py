"""manage.py check_media: sound chains are found sound, and each fault is provoked and named."""

import io
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from django.core.management import CommandError, call_command
from PIL import Image

from django_shift_media.storages import media_storage
from tests.conftest import at_once, configured_bucket, missing, new_bucket
from tests.galleries import MANAGE, environment, gallery
from tests.proxies import Certificate, make_certificate, nginx
from tests.servers import free_port

PUBLIC = "public, max-age=31536000, immutable"


def diagnose(*options: str) -> dict[str, Any]:
    """Run the command; return its document, and make sure that it fails where it should."""
    output = io.StringIO()
    failure = ""
    try:
        call_command("check_media", "--json", *options, stdout=output)
    except CommandError as error:
        failure = str(error)
        assert error.returncode == 1
    document: dict[str, Any] = json.loads(output.getvalue())
    ids = [problem["id"] for problem in document["problems"]]
    assert failure == (f"Broken: {', '.join(ids)}." if ids else "")
    assert document["ok"] is not bool(ids)
    return document


def the_problem(id: str, *options: str) -> dict[str, Any]:
    """Run the command, which must name this one problem; return what it says of it."""
    document = diagnose(*options)
    assert [problem["id"] for problem in document["problems"]] == [id]
    problem: dict[str, Any] = document["problems"][0]
    assert problem["what"]
    assert problem["remedy"]
    return problem


def statuses(document: dict[str, Any]) -> dict[str, list[int]]:
    return {name: [hop["status"] for hop in hops] for name, hops in document["hops"].items()}


def stored(storage: Any) -> list[str]:
    listed = storage.client.list_objects_v2(Bucket=storage.bucket_name)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def put_rules(storage: Any, *rules: dict[str, Any], **redirect: str) -> None:
    """Give a bucket's website these rules, or those that it has with another redirect."""
    client, bucket = storage.client, storage.bucket_name
    if redirect:
        present = client.get_bucket_website(Bucket=bucket)["RoutingRules"]
        rules = tuple({**rule, "Redirect": {**rule["Redirect"], **redirect}} for rule in present)
    configuration = {"IndexDocument": {"Suffix": "index.html"}, "RoutingRules": list(rules)}
    client.put_bucket_website(Bucket=bucket, WebsiteConfiguration=configuration)


def change_options(settings: Any, **options: Any) -> Any:
    media = settings.STORAGES["media"]
    changed = {**media, "OPTIONS": {**media["OPTIONS"], **options}}
    settings.STORAGES = {**settings.STORAGES, "media": changed}
    return media_storage()


def website_proxy(s3: Any, storage: Any, more: str = "") -> str:
    """Return what an nginx before a bucket's website consists of."""
    host, port = s3.website_address
    name = f"{storage.bucket_name}.s3-website.localhost"
    return f"location / {{ proxy_pass http://{host}:{port}; proxy_set_header Host {name}; {more} }}"


def app_proxy(live_server: Any, more: str = "") -> str:
    return f"location / {{ proxy_pass {live_server.url}; proxy_set_header Host $host; {more} }}"


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: Any) -> Certificate:
    """A certificate that this machine trusts."""
    made = make_certificate(tmp_path, "localhost", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    return made


# -- sound chains ---------------------------------------------------------------------------------


def test_a_sound_website_is_found_sound(bucket: Any) -> None:
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
    first, again = re.split("First request|Again|After its deletion", text)[1:3]
    assert re.findall(r"^  \d  (\d{3})  +\d+ ms  (\S+)$", first, re.M) == [
        ("302", f"{moto_bucket.base}KEY"),
        ("301", f"{live_server.url}/media/KEY"),
        ("200", f"{moto_bucket.base}KEY"),
    ]
    assert f"Location: {live_server.url}/media/KEY\n" in first
    assert f"Cache-Control: {PUBLIC}\n" in again
    assert text.count("Good: ") == 4
    assert max(map(len, text.splitlines())) <= 100


def test_a_sound_location_is_found_sound(moto: Any, settings: Any, live_server: Any) -> None:
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


@pytest.mark.parametrize("mode", ["app", "failover"])
def test_a_sound_private_bucket_is_found_sound(
    moto: Any, settings: Any, live_server: Any, mode: str
) -> None:
    storage = new_bucket(settings, moto)
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


def test_a_problem_is_printed_with_its_remedy(moto_bucket: Any, live_server: Any) -> None:
    moto_bucket.client.delete_bucket_policy(Bucket=moto_bucket.bucket_name)
    output = io.StringIO()
    with pytest.raises(CommandError, match=r"^Broken: not-public\.$"):
        call_command("check_media", stdout=output)
    assert output.getvalue().endswith(
        "Error: not-public (first request, hop 3)\n"
        f"  The policy of the bucket '{moto_bucket.bucket_name}' does not let anyone get resizes.\n"
        "  Remedy: Add the statement that does:\n"
        f"      python manage.py configure_media_bucket --app-url {live_server.url}\n"
    )


def test_it_runs_in_a_thread(moto_bucket: Any) -> None:
    (document,) = at_once([diagnose])
    assert document["ok"]


def test_a_sound_local_disk_is_found_sound(settings: Any, tmp_path: Path) -> None:
    with gallery(environment(tmp_path)) as site:
        settings.MEDIA_ROOT = tmp_path / "media"
        document = diagnose("--site", site)
    assert set(map(tuple, statuses(document).values())) == {(200,)}
    assert document["problems"] == document["warnings"] == []
    assert list(settings.MEDIA_ROOT.iterdir()) == []


def test_a_path_alone_needs_a_site() -> None:
    with pytest.raises(CommandError, match=r"begin with '/media/'.*--site https://www.example.com"):
        call_command("check_media")
    with pytest.raises(CommandError, match=r"The app's URL is 'example.com', must be as in"):
        call_command("check_media", "--site", "example.com")


def test_an_edge_that_keeps_the_picture_is_sound(
    moto: Any, moto_bucket: Any, settings: Any
) -> None:
    cache = "proxy_cache kept; proxy_cache_valid 200 1m; add_header X-Cache $upstream_cache_status;"
    server = website_proxy(moto, moto_bucket, cache)
    with nginx(server, http="proxy_cache_path cache keys_zone=kept:1m;") as (port,):
        change_options(settings, public_url=f"http://127.0.0.1:{port}/")
        document = diagnose()
    assert statuses(document) == {"first": [302, 301, 200], "again": [200], "after_deletion": [200]}
    assert document["hops"]["after_deletion"][0]["x_cache"] == "HIT"


# -- the bucket -----------------------------------------------------------------------------------


def test_blocked_public_access(moto_bucket: Any, live_server: Any) -> None:
    moto_bucket.client.put_public_access_block(
        Bucket=moto_bucket.bucket_name,
        PublicAccessBlockConfiguration={"RestrictPublicBuckets": True},
    )
    problem = the_problem("public-access-blocked")
    assert (problem["request"], problem["hop"]) == ("first", 3)
    assert "The bucket blocks public access" in problem["what"]
    assert f"configure_media_bucket --app-url {live_server.url}" in problem["remedy"]
    assert stored(moto_bucket) == []
    rules = moto_bucket.client.get_bucket_website(Bucket=moto_bucket.bucket_name)["RoutingRules"]
    put_rules(moto_bucket, rules[1])
    problem = the_problem("public-access-blocked")
    assert (problem["request"], problem["hop"]) == ("first", 1)


def test_public_access_that_the_account_blocks(
    moto: Any, moto_bucket: Any, settings: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint_url)
    # The account's number becomes a part of this host, which moto knows the service by.
    control_url = "http://s3-control.us-east-1.amazonaws.com"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3_CONTROL", control_url)
    to_moto = f"location / {{ proxy_pass {moto.endpoint_url}; proxy_set_header Host $host; }}"
    with nginx(to_moto) as (port,):
        config = Config(proxies={"http": f"http://127.0.0.1:{port}"})
        storage = change_options(settings, endpoint_url=None, client_config=config)
        storage.client.delete_bucket_policy(Bucket=storage.bucket_name)
        control = storage._create_session().client("s3control", "us-east-1", config=config)
        account = "123456789012"
        control.put_public_access_block(
            AccountId=account, PublicAccessBlockConfiguration={"BlockPublicPolicy": True}
        )
        problem = the_problem("public-access-blocked")
        assert "The AWS account blocks public access" in problem["what"]
        control.delete_public_access_block(AccountId=account)
        the_problem("not-public")


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_a_policy_that_lets_nobody_read(bucket: Any) -> None:
    bucket.client.delete_bucket_policy(Bucket=bucket.bucket_name)
    assert "does not let anyone get resizes" in the_problem("not-public")["what"]


def test_a_guess_where_the_configuration_may_not_be_read(
    moto: Any, moto_bucket: Any, settings: Any
) -> None:
    moto_bucket.client.delete_bucket_policy(Bucket=moto_bucket.bucket_name)
    denied = "return 403 '<Error><Code>AccessDenied</Code></Error>';"
    server = (
        f"location / {{ if ($args ~ 'policy|publicAccessBlock|website') {{ {denied} }}"
        f" proxy_pass {moto.endpoint_url}; proxy_set_header Host $http_host; }}"
    )
    with nginx(server) as (port,):
        change_options(settings, endpoint_url=f"http://127.0.0.1:{port}")
        problem = the_problem("public-access-blocked")
    assert "very likely" in problem["what"]


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_403_instead_of_404(bucket: Any) -> None:
    rules = bucket.client.get_bucket_website(Bucket=bucket.bucket_name)["RoutingRules"]
    put_rules(bucket, *(rule for rule in rules if "404" in rule["Condition"].values()))
    problem = the_problem("403-instead-of-404")
    assert (problem["request"], problem["hop"]) == ("first", 1)


def test_no_rule(bucket: Any) -> None:
    bucket.client.put_bucket_website(
        Bucket=bucket.bucket_name,
        WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}},
    )
    assert "no routing rule" in the_problem("rule-missing")["what"]


def test_a_rule_for_something_else(moto_bucket: Any, live_server: Any) -> None:
    condition = {"KeyPrefixEquals": "docs/", "HttpErrorCodeReturnedEquals": "404"}
    put_rules(moto_bucket, {"Condition": condition, "Redirect": {"HostName": "docs.example.com"}})
    assert "No routing rule of the bucket takes" in the_problem("rule-missing")["what"]


@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
def test_a_website_that_is_turned_off(bucket: Any) -> None:
    bucket.client.delete_bucket_website(Bucket=bucket.bucket_name)
    assert the_problem("rule-missing")["what"] == "The bucket's website is turned off."


@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
def test_the_endpoint_for_programs(bucket: Any, s3: Any, settings: Any) -> None:
    change_options(settings, public_url=f"{s3.endpoint_url}/{bucket.bucket_name}/")
    problem = the_problem("wrong-endpoint")
    assert problem["hop"] == 1
    assert "XML" in problem["what"]


def test_the_website_of_another_bucket(
    moto: Any, moto_bucket: Any, settings: Any, live_server: Any
) -> None:
    other = configured_bucket(settings, moto, live_server.url)
    change_options(settings, bucket_name=moto_bucket.bucket_name)
    assert "shows another one" in the_problem("wrong-endpoint")["what"]
    assert stored(moto_bucket) == stored(other) == []


def test_the_website_of_no_bucket(moto: Any, moto_bucket: Any, settings: Any) -> None:
    change_options(settings, public_url=moto.website_url("no-such-bucket"))
    assert "a bucket that does not exist" in the_problem("wrong-endpoint")["what"]


def test_media_that_are_out_of_service(moto_bucket: Any, settings: Any) -> None:
    with nginx("location / { return 503; }") as (port,):
        change_options(settings, public_url=f"http://127.0.0.1:{port}/")
        assert "answers 503" in the_problem("media-unreachable")["what"]


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1:9"])
def test_a_host_that_is_not_there(moto_bucket: Any, settings: Any, host: str) -> None:
    change_options(settings, public_url=f"http://{host}/")
    named = "wrong-endpoint" if host.endswith("invalid") else "media-unreachable"
    assert host in the_problem(named)["what"]


@pytest.mark.parametrize("says_so", [True, False])
def test_a_redirect_that_something_keeps(
    moto: Any, moto_bucket: Any, settings: Any, says_so: bool
) -> None:
    cache = "proxy_cache kept; proxy_cache_valid 302 1m;"
    if says_so:
        cache += "add_header X-Cache $upstream_cache_status always;"
    server = website_proxy(moto, moto_bucket, cache)
    with nginx(server, http="proxy_cache_path cache keys_zone=kept:1m;") as (port,):
        change_options(settings, public_url=f"http://127.0.0.1:{port}/")
        problem = the_problem("redirect-cached")
    assert (problem["request"], problem["hop"]) == ("first", 3)
    assert "proxy_cache_valid" in problem["remedy"]
    assert ("X-Cache: HIT" in problem["what"]) is says_so


def test_a_redirect_that_is_permanent(moto_bucket: Any) -> None:
    put_rules(moto_bucket, HttpRedirectCode="301")
    assert "(as browsers do with a 301)" in the_problem("redirect-cached")["what"]


def test_a_redirect_that_is_given_an_age(moto: Any, moto_bucket: Any, settings: Any) -> None:
    keeping = "proxy_hide_header Cache-Control; add_header Cache-Control max-age=31536000 always;"
    with nginx(website_proxy(moto, moto_bucket, keeping)) as (port,):
        change_options(settings, public_url=f"http://127.0.0.1:{port}/")
        assert "(max-age=31536000)" in the_problem("redirect-cached")["what"]


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ("default_type text/html; return 200 welcome;", "should be image/webp, and is text/html."),
        ("default_type image/webp; return 200 welcome;", "This should be a picture:"),
        (
            "types { image/webp webp; } root FOLDER; try_files /other.webp =404;",
            "should have 24 x 24 pixels, and has 40 x 30.",
        ),
    ],
)
def test_something_else_in_place_of_the_picture(
    moto_bucket: Any, settings: Any, tmp_path: Path, answer: str, what: str
) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "other.webp")
    with nginx(f"location / {{ {answer.replace('FOLDER', str(tmp_path))} }}") as (port,):
        change_options(settings, public_url=f"http://127.0.0.1:{port}/")
        assert what in the_problem("wrong-picture")["what"]


@pytest.mark.parametrize(
    ("location", "id"),
    [
        ("$scheme://$http_host$uri", "redirect-loop"),
        ("$scheme://$http_host/x$uri", "redirect-loop"),
        ("mailto:someone", "redirect-nowhere"),
        ("http://[", "redirect-nowhere"),
    ],
)
def test_redirects_that_lead_nowhere(
    moto_bucket: Any, settings: Any, location: str, id: str
) -> None:
    with nginx(f"location / {{ return 302 {location}; }}") as (port,):
        change_options(settings, public_url=f"http://127.0.0.1:{port}/")
        document = diagnose()
    assert id in [problem["id"] for problem in document["problems"]]
    assert len(document["hops"]["first"]) <= 10


# -- the way to the app ---------------------------------------------------------------------------


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
    assert f"/{prefix}KEY, and the urls are mounted at '/media/'." in shorten(problem["what"])
    assert diagnose("--site", live_server.url)["problems"][0]["id"] == "mounted-elsewhere"


def shorten(text: str) -> str:
    return re.sub(r"[0-9a-f/]{36}/check-media.png/24x24[^ ,]+?\.webp", "KEY", text)


def test_urls_of_local_disk_that_are_mounted_elsewhere(settings: Any, live_server: Any) -> None:
    settings.MEDIA_URL = f"{live_server.url}/pictures/"
    assert "Let MEDIA_URL " in the_problem("mounted-elsewhere")["remedy"]


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


def test_an_app_that_is_down(moto_bucket: Any, live_server: Any) -> None:
    put_rules(moto_bucket, HostName=f"127.0.0.1:{free_port()}")
    assert "Start the app" in the_problem("app-unreachable")["remedy"]
    with nginx(f"location / {{ proxy_pass http://127.0.0.1:{free_port()}; }}") as (port,):
        put_rules(moto_bucket, HostName=f"127.0.0.1:{port}")
        assert "answers 502" in the_problem("app-unreachable")["what"]


def test_an_app_of_local_disk_that_is_down() -> None:
    the_problem("app-unreachable", "--site", f"http://127.0.0.1:{free_port()}")


def test_a_login_before_the_app(moto_bucket: Any) -> None:
    with nginx("location /media/ { return 302 /login/?next=$uri; }") as (port,):
        put_rules(moto_bucket, HostName=f"127.0.0.1:{port}")
        problem = diagnose()["problems"][0]
    assert (problem["id"], problem["hop"]) == ("app-redirects", 2)


def test_a_login_before_local_disk() -> None:
    with nginx("location /media/ { return 302 /login/?next=$uri; }") as (port,):
        problem = diagnose("--site", f"http://127.0.0.1:{port}")["problems"][0]
    assert (problem["id"], problem["hop"]) == ("app-redirects", 1)


def test_an_app_under_another_name_is_a_detour(moto_bucket: Any, live_server: Any) -> None:
    with nginx(f"location / {{ return 301 {live_server.url}$request_uri; }}") as (port,):
        put_rules(moto_bucket, HostName=f"127.0.0.1:{port}")
        document = diagnose()
    assert statuses(document)["first"] == [302, 301, 301, 200]
    (warning,) = document["warnings"]
    assert (warning["id"], warning["hop"]) == ("app-redirects", 2)
    assert f"--app-url {live_server.url}" in warning["remedy"]


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
    assert "its credentials must allow" in problem["remedy"]


@pytest.mark.parametrize("id", ["wrong-endpoint", "scheme-mismatch"])
def test_an_app_that_sends_back_elsewhere(
    moto: Any, moto_bucket: Any, tmp_path: Path, id: str
) -> None:
    public_url = "http://127.0.0.1:9/"
    if id == "scheme-mismatch":
        public_url = moto_bucket.base.replace("http:", "https:")
    other = environment(tmp_path, moto, moto_bucket.bucket_name, GALLERY_S3_PUBLIC_URL=public_url)
    with gallery(other) as site:
        put_rules(moto_bucket, HostName=site.removeprefix("http://"))
        problem = diagnose()["problems"][0]
    assert (problem["id"], problem["hop"]) == (id, 2)
    assert f"sends back to {public_url[:-1]}, the page says" in problem["what"]


def test_a_cdn_that_does_not_ask_the_app(moto: Any, settings: Any, live_server: Any) -> None:
    storage = new_bucket(settings, moto)
    change_options(
        settings, mode="failover", public_url=f"{moto.endpoint_url}/{storage.bucket_name}/"
    )
    assert "403 and 404" in the_problem("failover-missing")["remedy"]


# -- http and https -------------------------------------------------------------------------------


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
    change_options(settings, public_url=moto_bucket.base.replace("http:", "https:"))
    assert "it does not speak HTTPS" in the_problem("scheme-mismatch")["what"]
    # On AWS, nobody listens there.
    change_options(settings, public_url="https://bucket.s3-website.localhost:9/")
    assert "speak HTTP only" in the_problem("scheme-mismatch")["what"]


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
    assert 'Say https in "public_url"' in problem["remedy"]


def test_http_where_there_is_only_https(
    moto_bucket: Any, live_server: Any, tls: Certificate
) -> None:
    with nginx(tls.directives + app_proxy(live_server)) as (port,):
        put_rules(moto_bucket, HostName=f"localhost:{port}")
        assert "wants https" in the_problem("scheme-mismatch")["what"]


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


def test_a_certificate_for_another_host(
    moto_bucket: Any, live_server: Any, settings: Any, tls: Certificate
) -> None:
    with nginx(tls.directives + app_proxy(live_server)) as (port,):
        change_options(settings, public_url=f"https://media.localhost:{port}/")
        assert "mismatch" in the_problem("certificate-invalid")["what"]


# -- Cache-Control and clocks ---------------------------------------------------------------------


def test_pictures_that_are_not_kept(bucket: Any, settings: Any) -> None:
    change_options(settings, object_parameters={"CacheControl": "max-age=60"})
    problem = the_problem("cache-control-missing")
    assert (problem["request"], problem["hop"]) == ("first", 3)
    assert "is max-age=60:" in problem["what"]
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
    if shutil.which("faketime") is None:
        missing("faketime: apt-get install faketime")
    result = subprocess.run(
        ["faketime", "-f", offset, sys.executable, MANAGE, "check_media", "--json"],
        env=environment(tmp_path, s3, bucket.bucket_name),
        capture_output=True,
        text=True,
        timeout=300,
    )
    document = json.loads(result.stdout)
    assert result.returncode == code, result.stderr
    (problem, *_) = document["problems"] if code else document["warnings"]
    assert problem["id"] == "clock-skew"
    assert "15 minutes off" in problem["remedy"]


def test_an_app_whose_clock_is_wrong(settings: Any, tmp_path: Path) -> None:
    if shutil.which("faketime") is None:
        missing("faketime: apt-get install faketime")
    with gallery(environment(tmp_path), "faketime", "-f", "-20m") as site:
        settings.MEDIA_ROOT = tmp_path / "media"
        problem = the_problem("clock-skew", "--site", site)
    assert "is 20 minutes behind this machine's" in problem["what"]


# -- writing and deleting -------------------------------------------------------------------------


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
        assert "Take \"ACL\": 'public-read' out of" in problem["remedy"]
        change_options(settings, object_parameters={})
        assert diagnose()["ok"]


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
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert b"Traceback" not in errors
    assert stored(moto_bucket) == []
