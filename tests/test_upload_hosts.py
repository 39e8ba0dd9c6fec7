"""The host to which browsers send parts: the option ``upload_url``, and policies of pages."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured

from django_shift_media.storages.s3 import S3MediaStorage
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.buckets import change_options, new_bucket
from tests.support.direct_uploads import Uploader, stored, unfinished
from tests.support.infrastructure import use_aws
from tests.support.system_checks import found

# The system checks of models ask the database what it can do.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("direct_photos")]
JPEG = draw_photo(400, 300)
MIDDLEWARE = "django.middleware.csp.ContentSecurityPolicyMiddleware"
BUCKET = "https://example-media.s3.eu-central-1.amazonaws.com"


# -- a host of one's own --------------------------------------------------------------------------


def send(url: str, port: int, data: bytes, host: str = "") -> int:
    """Send a part to the server at a port, whatever the name of the host is."""
    parts = urlsplit(url)
    address = parts._replace(netloc=f"127.0.0.1:{port}").geturl()
    headers = {"Host": host or parts.netloc}
    return requests.put(address, data, headers=headers, timeout=60).status_code


@pytest.mark.server
@pytest.mark.parametrize("stands_for_bucket", [True, False], ids=["bucket", "path"])
def test_parts_go_to_the_upload_host_and_nowhere_else(
    running: Any, settings: Any, uploader: Uploader, stands_for_bucket: bool
) -> None:
    server = running("ceph")
    bucket = new_bucket(settings, server, location="some/where").bucket_name
    # For Ceph, the name of a host that it does not know is that of a bucket.
    host = f"{bucket}.localhost" if stands_for_bucket else "localhost"
    path = "" if stands_for_bucket else f"/{bucket}"
    url = f"http://{host}:{server.port}{path}/"
    storage = change_options(settings, upload_url=url)
    upload = uploader.begin(JPEG, "Größe (1).jpg").body["upload"]
    part = uploader.url(upload)
    assert part.startswith(url)
    assert send(part, server.port, JPEG + b"x") == 403, "the length is signed"
    assert send(part, server.port, JPEG, f"127.0.0.1:{server.port}") == 403, "the host is signed"
    assert send(part, server.port, JPEG) == 200
    assert uploader.post("complete/", upload=upload).status == 200
    assert [storage.get(key) for key in stored(storage)] == [JPEG]
    assert unfinished(storage) == []


@pytest.mark.parametrize("url", ["uploads.example.com", "/uploads/", "https://a.example/?b"])
def test_an_upload_url_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="Invalid upload_url"):
        S3MediaStorage(bucket_name="media", upload_url=url)


# -- policies -------------------------------------------------------------------------------------


@pytest.fixture
def policy(settings: Any) -> dict[str, Any]:
    """The policy of a site on AWS, without credentials."""
    use_aws(settings, region_name="eu-central-1")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, MIDDLEWARE]
    settings.SECURE_CSP = {}
    shown: dict[str, Any] = settings.SECURE_CSP
    return shown


@pytest.mark.parametrize(
    "sources",
    [
        ["'self'", BUCKET],
        ["example-media.s3.eu-central-1.amazonaws.com"],
        ("https://*.s3.eu-central-1.amazonaws.com:443",),
        {"https:"},
        "'self' *",
        ["http://example-media.s3.eu-central-1.amazonaws.com:*/"],
    ],
)
def test_a_policy_that_allows_uploads_is_not_reported(policy: dict[str, Any], sources: Any) -> None:
    policy["connect-src"] = sources
    policy["img-src"] = ["'self'", "blob:"]
    assert "shift_media.W114" not in found()


@pytest.mark.parametrize(
    "sources",
    [
        ["'self'"],
        ["'none'"],
        ["https://s3.eu-central-1.amazonaws.com"],
        [f"{BUCKET}:8443"],
        ["wss:"],
        ["https://*.example-media.s3.eu-central-1.amazonaws.com"],
    ],
)
def test_a_policy_that_refuses_uploads_is_reported(policy: dict[str, Any], sources: Any) -> None:
    policy["connect-src"] = sources
    warning = found()["shift_media.W114"]
    assert BUCKET in warning.msg
    assert "'connect-src'" in warning.hint
    assert "'none'" not in warning.hint


def test_a_policy_that_refuses_previews_is_reported(policy: dict[str, Any]) -> None:
    policy["default-src"] = ["'self'", BUCKET]
    warning = found()["shift_media.W114"]
    assert "blob:" in warning.msg
    assert warning.hint == f"Set SECURE_CSP = {{…, 'img-src': [\"'self'\", '{BUCKET}', 'blob:']}}."


def test_the_policy_has_to_allow_the_upload_host(settings: Any, policy: dict[str, Any]) -> None:
    use_aws(settings, region_name="eu-central-1", upload_url="https://uploads.example.com/x")
    policy["connect-src"] = [BUCKET]
    assert "https://uploads.example.com in connect-src" in found()["shift_media.W114"].msg
    policy["connect-src"] = ["uploads.example.com"]
    assert "shift_media.W114" not in found()


def test_without_direct_fields_or_a_policy_nothing_is_reported(
    settings: Any, policy: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "shift_media.W114" not in found()
    policy["connect-src"] = ["'none'"]
    monkeypatch.setattr(Photo._meta.get_field("photo"), "direct", False)
    assert "shift_media.W114" not in found()


@pytest.mark.parametrize(
    "options",
    [
        {"BACKEND": "django_shift_media.storages.gcs.GoogleCloudMediaStorage", "OPTIONS": {}},
        {"BACKEND": "django_shift_media.storages.s3.S3MediaStorage", "OPTIONS": {}},
        {"BACKEND": "django_shift_media.storages.s3.S3MediaStorage", "OPTIONS": {"mode": "?"}},
        {
            "BACKEND": "django_shift_media.storages.s3.S3MediaStorage",
            "OPTIONS": {"bucket_name": "not a bucket"},
        },
        {"BACKEND": "django_shift_media.storages.nothing.Storage"},
    ],
    ids=["gcs", "no bucket", "invalid mode", "invalid bucket", "no backend"],
)
def test_a_storage_that_does_not_work_is_reported_by_another_check(
    settings: Any, policy: dict[str, Any], options: dict[str, Any]
) -> None:
    settings.STORAGES = {**settings.STORAGES, "media": options}
    policy["connect-src"] = ["'none'"]
    assert "shift_media.W114" not in found()
