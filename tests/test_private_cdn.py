"""Private media on CloudFront: its key group, and the cookies that it verifies."""

import base64
import json
import time
from http.cookies import Morsel
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client

from django_shift_media.naming import access_tokens
from django_shift_media.storages.cloudfront_cookies import delete_media_cookies, set_media_cookies
from tests.support.buckets import change_options, new_bucket, use_bucket
from tests.support.cdn import (
    DOMAIN,
    FAILOVER,
    SITE,
    AwsOptions,
    bucket_without_distribution,
    config_of,
    configure,
    distributions,
    states,
)
from tests.support.key_pairs import KeyPair, make_key_pair
from tests.support.private_storages import IS_OWNER, logged_in, photo_of


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return make_key_pair(tmp_path_factory.mktemp("keys"))


def private_options(private_key: str) -> dict[str, Any]:
    return {
        "access": "private",
        "mode": "failover",
        "public_url": None,
        "custom_domain": DOMAIN,
        "permission": IS_OWNER,
        "cloudfront_key_id": "K2JCJMDEHXQW5F",
        "cloudfront_key": private_key,
    }


# -- cookies --------------------------------------------------------------------------------------


@pytest.fixture
def cdn_storage(settings: Any, moto: Any, keys: KeyPair) -> Any:
    return new_bucket(settings, moto, **private_options(keys.private))


def decoded(cookie: "Morsel[str]") -> bytes:
    """Return what CloudFront reads: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html."""
    return base64.b64decode(cookie.value.translate(str.maketrans("-_~", "+=/")))


@pytest.mark.parametrize("prefix", ["", "3c72aedc/ba25/"])
def test_the_cookies_open_a_prefix_for_a_while(
    cdn_storage: Any, keys: KeyPair, prefix: str
) -> None:
    response = HttpResponse()
    set_media_cookies(response, prefix=prefix, seconds=600)
    cookies = response.cookies
    assert set(cookies) == {
        "CloudFront-Policy",
        "CloudFront-Signature",
        "CloudFront-Key-Pair-Id",
    }
    assert cookies["CloudFront-Key-Pair-Id"].value == "K2JCJMDEHXQW5F"
    policy = decoded(cookies["CloudFront-Policy"])
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Resource"] == f"https://{DOMAIN}/{prefix}*"
    expiry = statement["Condition"]["DateLessThan"]["AWS:EpochTime"]
    assert 590 <= expiry - time.time() <= 601
    signature = decoded(cookies["CloudFront-Signature"])
    assert keys.verifies(policy, signature)
    assert not keys.verifies(policy.replace(b"media", b"other"), signature)
    for cookie in cookies.values():
        assert (cookie["domain"], cookie["path"]) == ("example.com", f"/{prefix}")
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
        assert cookie["max-age"] == 600
    delete_media_cookies(response, storage="media", prefix=prefix)
    assert {cookie["max-age"] for cookie in response.cookies.values()} == {0}
    assert {cookie["path"] for cookie in response.cookies.values()} == {f"/{prefix}"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "app", "custom_domain": None}, 'require an S3MediaStorage with "access"'),
        ({"cloudfront_key": None, "cloudfront_key_id": None}, 'require "cloudfront_key_id"'),
    ],
)
def test_cookies_need_a_storage_with_a_key(
    cdn_storage: Any, settings: Any, options: dict[str, Any], message: str
) -> None:
    change_options(settings, **options)
    with pytest.raises(ImproperlyConfigured, match=message):
        set_media_cookies(HttpResponse())


def test_urls_on_a_cdn_have_no_query(cdn_storage: Any, small_jpeg: bytes, db: None) -> None:
    photo = photo_of("ann", small_jpeg)
    assert photo.url == f"https://{DOMAIN}/{photo.name}"
    assert photo.resize("9x9").startswith(f"https://{DOMAIN}/{photo.name.rpartition('/')[0]}/9x9-")
    stored = cdn_storage.client.get_object(Bucket=cdn_storage.bucket_name, Key=photo.name)
    assert stored["CacheControl"] == "private, max-age=3600"


def test_the_app_makes_what_is_missing_for_the_cdn_only(
    cdn_storage: Any, settings: Any, small_jpeg: bytes, db: None
) -> None:
    photo = photo_of("ann", small_jpeg)
    url = photo.resize("9x9").replace(f"https://{DOMAIN}/", "/media/")
    secret = access_tokens.cdn_secrets(cdn_storage.bucket_name)[0]
    ann = logged_in("ann")
    for headers in ({}, {"X-Shift-Media-Cdn": ""}, {"X-Shift-Media-Cdn": secret[:-1] + "x"}):
        answer = ann.get(url, headers=headers)
        assert (answer.status_code, answer["Cache-Control"]) == (404, "private, no-store")
    answer = Client().get(url, headers={"X-Shift-Media-Cdn": secret})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, max-age=3600")
    settings.SHIFT_MEDIA_SIGNING_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SHIFT_MEDIA_SIGNING_KEY = "n" * 50
    url = photo.resize("8x8").replace(f"https://{DOMAIN}/", "/media/")
    answer = Client().get(url, headers={"X-Shift-Media-Cdn": secret})
    assert answer.status_code == 200, "the CDN still sends the former secret"
    change_options(settings, mode="app", custom_domain=None)
    answer = Client().get(url, headers={"X-Shift-Media-Cdn": secret})
    assert answer.status_code == 404, "without a CDN, nobody has a secret"


def test_an_original_that_the_cdn_may_not_read_comes_from_s3(
    cdn_storage: Any, small_jpeg: bytes, db: None
) -> None:
    photo = photo_of("ann", small_jpeg)
    secret = access_tokens.cdn_secrets(cdn_storage.bucket_name)[0]
    answer = Client().get(f"/media/{photo.name}", headers={"X-Shift-Media-Cdn": secret})
    assert answer.status_code == 302
    assert "X-Amz-Signature=" in answer["Location"]
    assert answer["Cache-Control"].startswith("private")


# -- the key group --------------------------------------------------------------------------------


@pytest.fixture
def storage(aws: Any, settings: Any, keys: KeyPair) -> Any:
    storage = bucket_without_distribution(settings, aws)
    remove_keys(storage)
    options = {**private_options(keys.private), "bucket_name": storage.bucket_name}
    return use_bucket(settings, AwsOptions(aws), **options)


def remove_keys(storage: Any) -> None:
    client = storage.aws_client("cloudfront")
    for found in client.list_key_groups()["KeyGroupList"].get("Items", []):
        id = found["KeyGroup"]["Id"]
        client.delete_key_group(Id=id, IfMatch=client.get_key_group(Id=id)["ETag"])
    for found in client.list_public_keys()["PublicKeyList"].get("Items", []):
        id = found["Id"]
        client.delete_public_key(Id=id, IfMatch=client.get_public_key(Id=id)["ETag"])


def key_groups(storage: Any) -> dict[str, list[str]]:
    """Return the public keys of each key group, by the group's id."""
    client = storage.aws_client("cloudfront")
    found = client.list_key_groups()["KeyGroupList"].get("Items", [])
    return {each["KeyGroup"]["Id"]: each["KeyGroup"]["KeyGroupConfig"]["Items"] for each in found}


def public_keys(storage: Any) -> dict[str, str]:
    listed = storage.aws_client("cloudfront").list_public_keys()["PublicKeyList"]
    return {each["Id"]: each["EncodedKey"].strip() for each in listed.get("Items", [])}


def app_origin(storage: Any) -> dict[str, Any]:
    origins = config_of(storage)["Origins"]["Items"]
    return next(each for each in origins if each["Id"] == "django-shift-media-app")


def test_a_private_distribution_trusts_the_key_of_the_cookies(
    storage: Any, settings: Any, keys: KeyPair
) -> None:
    options = (*FAILOVER, "--trusted-key-group", str(keys.public))
    report = configure(*options)
    ((group, (key,)),) = key_groups(storage).items()
    assert public_keys(storage) == {key: keys.public.read_text().strip()}
    config = config_of(storage)
    trusted = config["DefaultCacheBehavior"]["TrustedKeyGroups"]
    assert (trusted["Enabled"], trusted["Items"]) == (True, [group])
    (header,) = app_origin(storage)["CustomHeaders"]["Items"]
    secret = access_tokens.cdn_secrets(storage.bucket_name)[0]
    assert header == {"HeaderName": "X-Shift-Media-Cdn", "HeaderValue": secret}
    assert secret not in report
    assert '"HeaderValue": "(secret)"' in report
    settings.SHIFT_MEDIA_SIGNING_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SHIFT_MEDIA_SIGNING_KEY = "n" * 50
    assert secret not in configure("--json", *options), "nor a former one"
    (header,) = app_origin(storage)["CustomHeaders"]["Items"]
    assert header["HeaderValue"] == access_tokens.cdn_secrets(storage.bucket_name)[0] != secret
    assert f'Set "cloudfront_key_id": "{key}" in the OPTIONS of the storage.' in report
    assert set(states(*options).values()) == {"unchanged"}
    assert set(states(*FAILOVER).values()) == {"unchanged"}, "what is not given stays"


def test_a_second_key_replaces_the_first_when_the_site_uses_it(
    storage: Any, settings: Any, keys: KeyPair, tmp_path: Path
) -> None:
    configure(*FAILOVER, "--trusted-key-group", str(keys.public))
    (first,) = public_keys(storage)
    change_options(settings, cloudfront_key_id=first)
    private, public = make_key_pair(tmp_path, "second")
    configure(*FAILOVER, "--trusted-key-group", str(public))
    (second,) = set(public_keys(storage)) - {first}
    assert list(key_groups(storage).values()) == [[first, second]], "both are valid meanwhile"
    change_options(settings, cloudfront_key_id=second, cloudfront_key=private)
    configure(*FAILOVER, "--trusted-key-group", str(public))
    assert list(key_groups(storage).values()) == [[second]]


def test_remove_takes_the_keys_away(storage: Any, keys: KeyPair) -> None:
    configure(*FAILOVER, "--trusted-key-group", str(keys.public))
    configure("--remove", "--wait")
    assert key_groups(storage) == public_keys(storage) == {}


def test_a_private_storage_gets_no_public_distribution(storage: Any) -> None:
    with pytest.raises(CommandError, match="Use --trusted-key-group"):
        configure(*FAILOVER)
    assert distributions(storage) == []


# -- wrong options --------------------------------------------------------------------------------


class NoServer:
    access_key = secret_key = "nobody"


@pytest.fixture
def unasked(settings: Any, keys: KeyPair) -> Any:
    return use_bucket(settings, AwsOptions(NoServer()), **private_options(keys.private))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--mode", "website", "--domain", DOMAIN), "The storage is private. Use --mode failover"),
        ((*FAILOVER, "--trusted-key-group", __file__), "not a public key in PEM format"),
        ((*FAILOVER, "--trusted-key-group", "/missing.pem"), "Could not read '/missing.pem'"),
    ],
)
def test_wrong_options_of_a_private_distribution_are_refused(
    unasked: Any, options: tuple[str, ...], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        configure(*options)


def test_a_private_bucket_is_not_made_a_public_website(unasked: Any) -> None:
    options = ["--mode", "website", "--app-url", SITE, "--no-input"]
    with pytest.raises(CommandError, match="The storage is private"):
        call_command("configure_media_bucket", *options)


def test_a_public_storage_needs_no_key_group(settings: Any, keys: KeyPair) -> None:
    use_bucket(settings, AwsOptions(NoServer()))
    with pytest.raises(CommandError, match='requires "access": "private"'):
        configure(*FAILOVER, "--trusted-key-group", str(keys.public))
