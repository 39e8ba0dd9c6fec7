"""manage.py configure_media_bucket, on each S3 server."""

import io
import json
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from django_shift_media.aws.documents import (
    Conflict,
    merge_policy,
    merge_public_access,
    merge_website,
    parse_app_url,
    read_statement,
    routing_rules,
)
from gallery.models import Photo
from tests.conftest import fetch, follow, new_bucket, use_bucket

SITE = "https://www.example.com"


def configure(*options: str, app_url: str = SITE) -> str:
    output = io.StringIO()
    call_command("configure_media_bucket", "--app-url", app_url, *options, stdout=output)
    return output.getvalue()


@pytest.fixture
def storage(s3: Any, settings: Any) -> Any:
    return use_bucket(settings, s3)


@pytest.fixture
def moto_storage(moto: Any, settings: Any) -> Any:
    return new_bucket(settings, moto)


def website(storage: Any) -> dict[str, Any]:
    answer = dict(storage.client.get_bucket_website(Bucket=storage.bucket_name))
    del answer["ResponseMetadata"]
    return answer


def policy(storage: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        storage.client.get_bucket_policy(Bucket=storage.bucket_name)["Policy"]
    )
    return answer


# -- on each server -------------------------------------------------------------------------------


def test_a_bucket_is_created_and_configured_once(storage: Any) -> None:
    with pytest.raises(CommandError, match=r"There is no bucket 'media-.*; --create creates it"):
        configure()
    first = configure("--create")
    assert "done           bucket\n" in first
    assert "done           website and routing rules\n" in first
    assert f"Media are seen under {storage.base}" in first
    again = configure("--create")
    assert "done  " not in again
    assert "already so     bucket\n" in again
    assert "already so     website and routing rules\n" in again
    assert configure() == again
    rules = website(storage)["RoutingRules"]
    assert [rule["Condition"] for rule in rules] == [
        {"HttpErrorCodeReturnedEquals": "403"},
        {"HttpErrorCodeReturnedEquals": "404"},
    ]
    for rule in rules:
        assert rule["Redirect"] == {
            "Protocol": "https",
            "HostName": "www.example.com",
            "ReplaceKeyPrefixWith": "media/",
            "HttpRedirectCode": "302",
        }


def test_what_a_server_does_not_know_is_reported_and_skipped(storage: Any) -> None:
    report = configure("--create")
    unknown = [line.split("  ")[-1] for line in report.splitlines() if "not supported" in line]
    names = [name.split(":")[0].strip() for name in unknown]
    if storage.access_key == "S3RVER":
        assert names == ["public access block", "policy"]
        assert "implemented" in report
        assert configure().count("not supported") == 2
    else:
        assert names == []


def test_a_dry_run_sends_nothing(storage: Any) -> None:
    report = configure("--create", "--dry-run")
    assert "to do          bucket" in report
    assert '"HostName": "www.example.com"' in report
    with pytest.raises(CommandError, match="There is no bucket"):
        configure("--dry-run")
    configure("--create")
    before = website(storage)
    report = configure("--dry-run", app_url="https://new.example.com")
    assert '"HostName": "new.example.com"' in report
    assert website(storage) == before


@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
def test_what_others_configured_stays(storage: Any) -> None:
    client, bucket = storage.client, storage.bucket_name
    client.create_bucket(Bucket=bucket)
    theirs = {
        "Sid": "Theirs",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/theirs/*",
    }
    document = {"Version": "2012-10-17", "Statement": [theirs]}
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    rule = {
        "Condition": {"KeyPrefixEquals": "docs/"},
        "Redirect": {"ReplaceKeyPrefixWith": "documents/"},
    }
    client.put_bucket_website(
        Bucket=bucket,
        WebsiteConfiguration={
            "IndexDocument": {"Suffix": "start.html"},
            "ErrorDocument": {"Key": "oops.html"},
            "RoutingRules": [rule],
        },
    )
    cors = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://theirs.example.com"]}]
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": cors})
    configure()
    configure(app_url="https://moved.example.com")
    assert [statement["Sid"] for statement in policy(storage)["Statement"]] == [
        "Theirs",
        "DjangoShiftMedia",
    ]
    assert policy(storage)["Statement"][0] == theirs
    site = website(storage)
    assert site["IndexDocument"] == {"Suffix": "start.html"}
    assert site["ErrorDocument"] == {"Key": "oops.html"}
    assert len(site["RoutingRules"]) == 3
    assert site["RoutingRules"][0]["Condition"] == rule["Condition"]
    assert {rule["Redirect"].get("HostName") for rule in site["RoutingRules"][1:]} == {
        "moved.example.com"
    }
    kept = client.get_bucket_cors(Bucket=bucket)["CORSRules"][0]
    assert kept["AllowedOrigins"] == ["https://theirs.example.com"]


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_a_rule_on_404_alone_would_not_do(storage: Any) -> None:
    """A reader who may not list the bucket is told 403 of what is missing."""
    configure("--create")
    assert fetch(storage.base + "missing").status == 302
    site = website(storage)
    rules = [rule for rule in site["RoutingRules"] if "404" in rule["Condition"].values()]
    storage.client.put_bucket_website(
        Bucket=storage.bucket_name, WebsiteConfiguration={**site, "RoutingRules": rules}
    )
    assert fetch(storage.base + "missing").status == 403


# moto takes the "?" of a policy for a regular expression's, and fails.
@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_originals_may_be_private(
    storage: Any, live_server: Any, small_jpeg: bytes, db: None
) -> None:
    configure("--create", "--private-originals", app_url=live_server.url)
    photo = Photo.objects.create(
        photo=ContentFile(
            small_jpeg,
            # As much as a name can look like a resize's.
            name=f"200x200-fill-65-upscale-{'a' * 32}.webp",
        )
    )
    assert [hop.status for hop in follow(photo.photo.resize("9x9"))] == [302, 301, 200]
    assert [hop.status for hop in follow(photo.photo.url)] == [302, 404]
    assert [hop.status for hop in follow(photo.photo.resize("9x9"))] == [200]
    configure(app_url=live_server.url)
    assert fetch(photo.photo.url).status == 200
    assert len(policy(storage)["Statement"]) == 1


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_a_stranger_s_bucket_is_left_alone(storage: Any, settings: Any, s3: Any) -> None:
    configure("--create")
    before = website(storage)
    options = {**settings.STORAGES["media"]["OPTIONS"], "secret_key": "wrong"}
    settings.STORAGES = {
        **settings.STORAGES,
        "media": {**settings.STORAGES["media"], "OPTIONS": options},
    }
    with pytest.raises(CommandError, match="is somebody else's, or these credentials may not"):
        configure(app_url="https://evil.example.com")
    assert website(storage) == before


# -- on moto, whatever the server -----------------------------------------------------------------


def test_two_blocks_are_lifted_and_two_stay(moto_storage: Any) -> None:
    client, bucket = moto_storage.client, moto_storage.bucket_name
    blocks = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
    client.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocks, True)
    )
    assert "done           public access block" in configure()
    assert client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    assert "already so     public access block" in configure()


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            [{"Condition": {"HttpErrorCodeReturnedEquals": "404"}, "Redirect": {"HostName": "x"}}],
            "Routing rule 1 of the bucket's website takes what is missing before ours can",
        ),
        (
            [
                {"Condition": {"KeyPrefixEquals": f"{n}/"}, "Redirect": {"HostName": "x"}}
                for n in range(49)
            ],
            "The bucket would have 51 routing rules, S3 takes 50",
        ),
    ],
)
def test_rules_that_ours_cannot_live_beside_change_nothing(
    moto_storage: Any, rules: Any, message: str
) -> None:
    client, bucket = moto_storage.client, moto_storage.bucket_name
    client.put_bucket_website(
        Bucket=bucket,
        WebsiteConfiguration={"IndexDocument": {"Suffix": "i.html"}, "RoutingRules": rules},
    )
    before = website(moto_storage)
    with pytest.raises(CommandError, match=message):
        configure()
    assert website(moto_storage) == before
    with pytest.raises(client.exceptions.ClientError, match="NoSuchBucketPolicy"):
        policy(moto_storage)


def test_a_website_that_redirects_everything_is_named(moto_storage: Any) -> None:
    moto_storage.client.put_bucket_website(
        Bucket=moto_storage.bucket_name,
        WebsiteConfiguration={"RedirectAllRequestsTo": {"HostName": "other.example.com"}},
    )
    with pytest.raises(CommandError, match=r"redirects all requests to 'other.example.com'"):
        configure()


@pytest.mark.parametrize("url", ["www.example.com", "ftp://x", "https://", "https://x/?a=b", ""])
def test_a_wrong_app_url_is_named(moto_storage: Any, url: str) -> None:
    with pytest.raises(CommandError, match="The app's URL is "):
        configure(app_url=url)


def test_a_storage_that_is_no_bucket_is_named() -> None:
    with pytest.raises(CommandError, match="not an S3MediaStorage in website mode"):
        configure()


def test_urls_that_are_not_mounted_are_named(moto_storage: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = "gallery.urls"
    with pytest.raises(CommandError, match="not mounted"):
        call_command(
            "configure_media_bucket", "--app-url", SITE, skip_checks=True, stdout=io.StringIO()
        )


def test_no_server_and_no_credentials_are_one_line(
    settings: Any, moto: Any, monkeypatch: Any
) -> None:
    use_bucket(settings, moto, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(CommandError, match="Could not connect to the endpoint URL"):
        configure()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    use_bucket(settings, moto, access_key=None, secret_key=None)
    with pytest.raises(CommandError, match="Unable to locate credentials"):
        configure()


def test_a_bucket_in_another_region_is_created_there(moto: Any, settings: Any) -> None:
    storage = use_bucket(settings, moto, region_name="eu-central-1")
    configure("--create")
    location = storage.client.get_bucket_location(Bucket=storage.bucket_name)
    assert location["LocationConstraint"] == "eu-central-1"


def test_the_prefix_is_where_the_urls_are_mounted(moto_storage: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.urls_elsewhere"
    configure(app_url="https://example.com/site/")
    redirects = [rule["Redirect"] for rule in website(moto_storage)["RoutingRules"]]
    assert [redirect["ReplaceKeyPrefixWith"] for redirect in redirects] == [
        "site/user/pictures/",
        "site/user/pictures/",
    ]


# -- documents ------------------------------------------------------------------------------------


def test_app_urls() -> None:
    assert parse_app_url("https://www.example.com/", "/media/") == (
        "https",
        "www.example.com",
        "media/",
    )
    assert parse_app_url("http://localhost:8000/site", "/m/") == (
        "http",
        "localhost:8000",
        "site/m/",
    )
    assert parse_app_url("https://example.com", "/").prefix == ""


def test_partitions() -> None:
    assert read_statement("b", region="cn-north-1")["Resource"] == "arn:aws-cn:s3:::b/*"
    assert read_statement("b", region="us-gov-east-1")["Resource"] == "arn:aws-us-gov:s3:::b/*"


def test_policies_are_merged_in_place() -> None:
    ours = read_statement("b")
    other = {"Sid": "Other"}
    assert merge_policy(None, ours) == {"Version": "2012-10-17", "Statement": [ours]}
    assert merge_policy({"Statement": other}, ours)["Statement"] == [other, ours]
    old = {"Sid": ours["Sid"], "Effect": "Deny"}
    merged = merge_policy({"Id": "x", "Statement": [old, other, old]}, ours)
    assert merged == {"Id": "x", "Statement": [ours, other]}


def test_public_access_that_nobody_blocks_is_left_alone() -> None:
    assert merge_public_access(None) == {}


def test_rules_are_merged_in_place() -> None:
    ours = routing_rules(parse_app_url(SITE, "/media/"))
    old = routing_rules(parse_app_url("http://old.example.com", "/media/"))
    moved = routing_rules(parse_app_url(SITE, "/files/"))
    docs = {"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"HostName": "d"}}
    for former in (ours, old, moved):
        merged = merge_website({"RoutingRules": [docs, former[0], former[1]]}, ours)
        assert merged["RoutingRules"] == [docs, *ours]
        merged = merge_website({"RoutingRules": [former[0], docs]}, ours)
        assert merged["RoutingRules"] == [*ours, docs]


def test_a_location_needs_a_mount_of_its_own() -> None:
    with pytest.raises(Conflict, match="location is 'up/'"):
        routing_rules(parse_app_url(SITE, "/"), "up/")
    (rule, _) = routing_rules(parse_app_url(SITE, "/"))
    assert "ReplaceKeyPrefixWith" not in rule["Redirect"]
