"""manage.py check_media for a bucket that takes direct uploads."""

import io
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command

from gallery.models import Photo
from tests.support.buckets import change_options, configured_bucket
from tests.support.diagnostics import diagnose, statuses, the_problem
from tests.support.direct_uploads import stored, unfinished
from tests.support.proxies import nginx

pytestmark = pytest.mark.usefixtures("direct_photos")


@pytest.fixture(params=["ceph", "ministack"])
def strict_bucket(request: Any, settings: Any, running: Any, live_server: Any) -> Any:
    """A bucket that enforces what is signed; moto does not."""
    return configured_bucket(settings, running(request.param), live_server.url)


def allow_uploads(site: str, origin: str) -> None:
    options = ("--app-url", site, "--uploads", origin, "--no-input")
    call_command("configure_media_bucket", *options, stdout=io.StringIO())


def test_a_bucket_that_takes_uploads_has_no_problem(strict_bucket: Any, live_server: Any) -> None:
    allow_uploads(live_server.url, live_server.url)
    document = diagnose("--site", live_server.url)
    assert statuses(document)["part"] == [200]
    assert statuses(document)["longer_part"] == [403]
    assert document["hops"]["preflight"][0]["status"] in {200, 204}
    assert stored(strict_bucket) == unfinished(strict_bucket) == []


@pytest.mark.parametrize("strict_bucket", ["ceph"], indirect=True)
def test_without_the_rule_no_browser_may_upload(strict_bucket: Any, live_server: Any) -> None:
    problem = the_problem("uploads-cors", "--site", live_server.url)
    assert f"--uploads {live_server.url}" in problem["remedy"]
    allow_uploads(live_server.url, "https://www.example.com")
    assert the_problem("uploads-cors", "--site", live_server.url)["request"] == "preflight"


def test_a_server_that_enforces_no_lengths_is_reported(moto_bucket: Any) -> None:
    assert the_problem("uploads-any-length")["request"] == "longer_part"
    assert stored(moto_bucket) == unfinished(moto_bucket) == []


@pytest.mark.parametrize("strict_bucket", ["ceph"], indirect=True)
def test_without_direct_fields_no_part_is_sent(strict_bucket: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(Photo._meta.get_field("photo"), "direct", False)
    assert "part" not in diagnose()["hops"]


# -- a host of one's own --------------------------------------------------------------------------


@pytest.mark.parametrize("strict_bucket", ["ceph"], indirect=True)
def test_parts_are_sent_to_the_upload_host(
    strict_bucket: Any, settings: Any, running: Any, live_server: Any
) -> None:
    allow_uploads(live_server.url, live_server.url)
    host = f"{strict_bucket.bucket_name}.localhost:{running('ceph').port}"
    change_options(settings, upload_url=f"http://{host}")
    document = diagnose("--site", live_server.url)
    hops = [document["hops"][request][0] for request in ("preflight", "part", "longer_part")]
    assert [urlsplit(hop["url"]).netloc for hop in hops] == [host] * 3
    assert [hop["status"] for hop in hops[1:]] == [200, 403]
    assert stored(strict_bucket) == unfinished(strict_bucket) == []


@pytest.mark.parametrize("strict_bucket", ["ceph"], indirect=True)
def test_a_proxy_that_changes_the_signed_host_is_reported(
    strict_bucket: Any, settings: Any, running: Any
) -> None:
    # Without another setting, nginx sends the host of the upstream.
    with nginx(f"location / {{ proxy_pass {running('ceph').endpoint_url}; }}") as (port,):
        url = f"http://localhost:{port}/{strict_bucket.bucket_name}"
        change_options(settings, upload_url=url)
        problem = the_problem("uploads-refused")
    assert problem["request"] == "part"
    assert problem["url"].startswith(url)
    assert "header Host" in problem["remedy"]
