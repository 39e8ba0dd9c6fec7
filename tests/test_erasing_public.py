"""What answers after an erasure: buckets, the app, caches in front of them, and CloudFront."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from django_shift_media.diagnostics.http_trace import fetch, follow
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.buckets import change_options, new_bucket
from tests.support.cdn import DOMAIN, bucket_without_distribution, configure, distributions
from tests.support.intermediary import Intermediary, in_front_of
from tests.support.proxies import nginx
from tests.support.servers import free_port
from tests.support.stored_objects import new_key, put, resize_of, tend

pytestmark = pytest.mark.django_db


def erase(*arguments: str) -> dict[str, Any]:
    return tend("erase_media", *arguments, "--no-input")


def names(document: dict[str, Any], *outcomes: str) -> set[str]:
    return {file["name"] for file in document["files"] if file["outcome"] in outcomes}


def note(document: dict[str, Any], outcome: str) -> str:
    (found,) = [file["note"] for file in document["files"] if file["outcome"] == outcome]
    return str(found)


def new_photo(data: bytes) -> Any:
    return Photo.objects.create(photo=ContentFile(data, name="small.jpg")).photo


@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
def test_all_public_urls_of_a_website_are_requested(
    bucket: Any, s3: Any, live_server: Any, small_jpeg: bytes
) -> None:
    photo = new_photo(small_jpeg)
    resize = photo.resize("50x50")
    assert follow(resize)[-1].status == follow(photo.url)[-1].status == 200
    document = erase(photo.name, "--site", live_server.url)
    keys = {photo.name, resize.removeprefix(bucket.media_url)}
    hosts = [
        bucket.media_url,
        f"{live_server.url}/media/",
        f"{s3.endpoint_url}/{bucket.bucket_name}/",
    ]
    assert names(document, "not served") == {f"{host}{key}" for host in hosts for key in keys}
    assert document["counts"]["erased"] == 2
    assert not names(document, "still served", "unclear", "not erased")
    assert follow(resize)[-1].status == 404


@pytest.mark.parametrize("mode", ["local", "app"])
def test_the_app_serves_nothing_that_was_erased(
    settings: Any, moto: Any, live_server: Any, small_jpeg: bytes, mode: str
) -> None:
    if mode == "app":
        new_bucket(settings, moto, mode="app", public_url=None)
    photo = new_photo(small_jpeg)
    resize = f"{live_server.url}{photo.resize('50x50')}"
    assert fetch(resize).status == 200
    document = erase(resize, "--site", live_server.url)
    assert resize in names(document, "not served")
    assert fetch(resize).status == 404
    assert names(document, "still served", "unclear") == set()


def test_without_the_url_of_the_app_its_urls_are_not_requested(photo: Photo) -> None:
    document = erase(photo.photo.name)
    assert names(document, "not served", "unclear") == set()
    assert "use --site" in note(document, "not requested")
    assert "365 days (SHIFT_MEDIA_MAX_AGE)" in note(document, "out of reach")


CACHE = "proxy_cache kept; proxy_cache_valid 200 1h; add_header X-Cache $upstream_cache_status;"


@pytest.mark.server
def test_a_cache_that_still_answers_is_reported(
    settings: Any, moto: Any, live_server: Any, small_jpeg: bytes
) -> None:
    new_bucket(settings, moto)
    cdn = f"location / {{ proxy_pass {live_server.url}/media/; {CACHE} }}"
    with nginx(cdn, http="proxy_cache_path cache keys_zone=kept:1m;") as (port,):
        public_url = f"http://127.0.0.1:{port}/"
        storage = change_options(settings, mode="failover", public_url=public_url)
        photo = new_photo(small_jpeg)
        resize = photo.resize("50x50")
        assert fetch(resize).status == 200
        document = erase(photo.name, "--site", live_server.url)
        assert names(document, "still served") == {resize}
        reason = note(document, "still served")
        assert f"a cache at 127.0.0.1:{port} has it (X-Cache: HIT" in reason
        assert "max-age=31536000" in reason
        assert not storage.exists(resize.removeprefix(public_url))


def test_a_url_that_cannot_be_requested_is_not_taken_for_gone(settings: Any, moto: Any) -> None:
    storage = new_bucket(settings, moto)
    change_options(settings, public_url=f"http://127.0.0.1:{free_port()}/")
    document = erase(put(storage, new_key()))
    assert "refused" in note(document, "unclear")


# -- CloudFront -----------------------------------------------------------------------------------


@pytest.fixture
def storage(aws: Any, settings: Any) -> Any:
    """A bucket on AWS with a distribution in front of it."""
    bucket_without_distribution(settings, aws)
    configure("--domain", DOMAIN)
    return change_options(settings, custom_domain=DOMAIN, location="up")


@pytest.fixture
def cloudfront(aws: Any, storage: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Intermediary]:
    monkeypatch.setattr("django_shift_media.aws.cloudfront.POLL_INTERVAL", 0.01)
    with in_front_of(aws.endpoint_url) as intermediary:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", intermediary.url)
        yield intermediary


def invalidated(storage: Any) -> list[list[str]]:
    client = storage.aws_client("cloudfront")
    (found,) = distributions(storage)
    listed = client.list_invalidations(DistributionId=found["Id"])["InvalidationList"]
    return [
        client.get_invalidation(DistributionId=found["Id"], Id=entry["Id"])["Invalidation"][
            "InvalidationBatch"
        ]["Paths"]["Items"]
        for entry in listed.get("Items", ())
    ]


def test_cloudfront_forgets_an_upload_by_one_path(storage: Any, cloudfront: Intermediary) -> None:
    original = put(storage, new_key())
    put(storage, resize_of(original))
    waits = iter([b"<Status>InProgress"] * 2)
    cloudfront.change(
        "GET .*/invalidation/",
        lambda body: body.replace(b"<Status>Completed", next(waits, b"<Status>Completed")),
    )
    document = erase(original, "--no-requests")
    path = f"/up/{original[:37]}*"
    assert invalidated(storage) == [[path]]
    assert note(document, "invalidated").startswith(path)
    assert next(waits, None) is None, "it has waited"


def test_many_uploads_are_invalidated_a_few_at_a_time(
    storage: Any, cloudfront: Intermediary
) -> None:
    originals = [put(storage, new_key()) for _ in range(8)]
    erase(*originals, "--no-requests")
    assert sorted(map(len, invalidated(storage))) == [1, 7]


@pytest.mark.parametrize(
    ("refused", "operation"),
    [
        ("GET .*/2020-05-31/distribution$", "ListDistributions"),
        ("POST .*/2020-05-31/.*/invalidation", "CreateInvalidation"),
        ("GET .*/2020-05-31/.*/invalidation/", "GetInvalidation"),
    ],
)
def test_a_cdn_without_rights_is_reported(
    storage: Any, cloudfront: Intermediary, refused: str, operation: str
) -> None:
    cloudfront.refuse(refused, 403, "AccessDenied")
    document = erase(put(storage, new_key()), "--no-requests")
    assert document["counts"]["erased"] == 1
    assert f"(AccessDenied) when calling the {operation}" in note(document, "not invalidated")


def test_a_distribution_of_others_is_found_by_its_host(
    storage: Any, settings: Any, cloudfront: Intermediary
) -> None:
    """A distribution in front of the app, or of another name of the bucket."""
    other = change_options(settings, public_url=f"https://{DOMAIN}/pictures/")
    other.bucket_name += "-of-another-account"
    original = new_key()
    (invalidation,) = other.invalidate_cdn([original])
    assert invalidation.paths == [f"/pictures/{original[:37]}*"]
    assert invalidation.bases[0] == f"https://{DOMAIN}/pictures/"
    nowhere = change_options(settings, public_url="https://elsewhere.example.com/")
    nowhere.bucket_name += "-of-another-account"
    assert nowhere.invalidate_cdn([original]) == []


def test_keys_of_another_server_are_not_sent_to_cloudfront(
    settings: Any, moto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = new_bucket(settings, moto)
    with in_front_of(moto.endpoint_url) as intermediary:
        for scheme in ("HTTP", "HTTPS"):
            monkeypatch.setenv(f"{scheme}_PROXY", intermediary.url)
        assert storage.invalidate_cdn([new_key()]) == []
        assert intermediary.requests == []


# -- confirmation ---------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "is_erased"), [("y\n", True), ("n\n", False), ("", False)])
def test_a_person_is_asked_first(
    photo: Photo, monkeypatch: pytest.MonkeyPatch, answer: str, is_erased: bool
) -> None:
    storage, name = media_storage(), photo.photo.name
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    errors = io.StringIO()
    arguments = ("erase_media", name, "--clear-rows")
    if is_erased:
        call_command(*arguments, stderr=errors)
    else:
        with pytest.raises(CommandError, match=r"^Nothing was erased\.$"):
            call_command(*arguments, stderr=errors)
    assert f"{name}\nErase 1 upload for good? [y/N]" in errors.getvalue()
    assert storage.exists(name) is not is_erased
    assert bool(Photo.objects.get().photo) is not is_erased


def test_nothing_is_erased_where_nobody_can_be_asked(
    photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    with pytest.raises(CommandError, match=r"^Nothing was erased\. .* use --no-input\.$"):
        call_command("erase_media", photo.photo.name)
    assert media_storage().exists(photo.photo.name)
