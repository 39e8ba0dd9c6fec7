"""django_shift_media.testing, which other projects test with."""

import json
import socket
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from django_shift_media.aws.policy_evaluation import anyone_may
from django_shift_media.testing import S3Emulator, WebsiteEndpoint
from tests.support.browsing import fetch, follow
from tests.support.waiting import PATIENCE

PUBLIC = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::site/*",
}


@pytest.fixture
def site(moto: Any) -> Any:
    client = moto.client()
    client.create_bucket(Bucket="site")
    client.put_object(Bucket="site", Key="a b.txt", Body=b"hello", CacheControl="max-age=5")
    client.put_object(Bucket="site", Key="docs/start.html", Body=b"index", ContentType="text/html")
    client.put_object(Bucket="site", Key="oops.html", Body=b"oops", ContentType="text/html")
    serve(client)
    allow(client, PUBLIC)
    yield client
    client.delete_bucket_policy(Bucket="site")
    client.delete_public_access_block(Bucket="site")
    objects = client.list_objects_v2(Bucket="site")["Contents"]
    client.delete_objects(
        Bucket="site", Delete={"Objects": [{"Key": entry["Key"]} for entry in objects]}
    )
    client.delete_bucket(Bucket="site")


def serve(client: Any, **configuration: Any) -> None:
    configuration.setdefault("IndexDocument", {"Suffix": "start.html"})
    client.put_bucket_website(Bucket="site", WebsiteConfiguration=configuration)


def allow(client: Any, *statements: Any) -> None:
    client.put_bucket_policy(Bucket="site", Policy=json.dumps({"Statement": statements}))


def get(moto: Any, path: str, method: str = "GET", **headers: str) -> Any:
    return fetch(moto.website_url("site") + path, method, **headers)


def test_objects_have_their_headers(moto: Any, site: Any) -> None:
    answer = get(moto, "a%20b.txt")
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers["Cache-Control"] == "max-age=5"
    assert answer.headers["Content-Type"] == "binary/octet-stream"
    head = get(moto, "a%20b.txt", "HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "5")
    etag = {"If-None-Match": answer.headers["ETag"]}
    assert get(moto, "a%20b.txt", **etag).status == 304
    part = get(moto, "a%20b.txt", Range="bytes=1-2")
    assert (part.status, part.body) == (206, b"el")


def test_index_and_error_documents(moto: Any, site: Any) -> None:
    assert get(moto, "docs/").body == b"index"
    assert get(moto, "none").status == 404
    serve(site, ErrorDocument={"Key": "oops.html"})
    answer = get(moto, "none")
    assert (answer.status, answer.body) == (404, b"oops")


def test_the_policy_is_applied(moto: Any, site: Any) -> None:
    allow(site, {**PUBLIC, "Resource": "arn:aws:s3:::site/docs/*"})
    assert get(moto, "docs/start.html").status == 200
    assert get(moto, "a%20b.txt").status == 403
    assert get(moto, "none").status == 403
    site.delete_bucket_policy(Bucket="site")
    assert get(moto, "docs/start.html").status == 403


def test_blocked_public_access_is_applied(moto: Any, site: Any) -> None:
    site.put_public_access_block(
        Bucket="site", PublicAccessBlockConfiguration={"RestrictPublicBuckets": True}
    )
    assert get(moto, "a%20b.txt").status == 403


def test_routing_rules_are_applied(moto: Any, site: Any) -> None:
    serve(
        site,
        RoutingRules=[
            {
                "Condition": {"KeyPrefixEquals": "old/"},
                "Redirect": {"ReplaceKeyPrefixWith": "docs/"},
            },
            {
                "Condition": {"KeyPrefixEquals": "gone/", "HttpErrorCodeReturnedEquals": "404"},
                "Redirect": {
                    "HostName": "x.test:81",
                    "Protocol": "https",
                    "HttpRedirectCode": "307",
                },
            },
            {
                "Condition": {"HttpErrorCodeReturnedEquals": "404"},
                "Redirect": {"ReplaceKeyWith": "oops.html", "HttpRedirectCode": "302"},
            },
        ],
    )
    assert [hop.status for hop in follow(moto.website_url("site") + "old/start.html")] == [301, 200]
    answer = get(moto, "gone/a%20b?x=1")
    assert (answer.status, answer.headers["Location"]) == (307, "https://x.test:81/gone/a%20b")
    hops = follow(moto.website_url("site") + "none")
    assert [hop.status for hop in hops] == [302, 200]
    assert hops[-1].body == b"oops"


def test_redirects_of_buckets_and_objects(moto: Any, site: Any) -> None:
    site.put_object(Bucket="site", Key="moved", WebsiteRedirectLocation="/docs/")
    assert get(moto, "moved").headers["Location"] == "/docs/"
    site.put_bucket_website(
        Bucket="site",
        WebsiteConfiguration={"RedirectAllRequestsTo": {"HostName": "x.test", "Protocol": "https"}},
    )
    answer = get(moto, "any/thing")
    assert (answer.status, answer.headers["Location"]) == (301, "https://x.test/any/thing")


def test_what_is_no_website(moto: Any, site: Any) -> None:
    assert get(moto, "a%20b.txt", "POST").status == 405
    site.delete_bucket_website(Bucket="site")
    answer = get(moto, "a%20b.txt")
    assert answer.status == 404
    assert b"NoSuchWebsiteConfiguration" in answer.body
    no_bucket = moto.website_url("no-such-bucket")
    for url in (no_bucket, f"http://127.0.0.1:{urlsplit(no_bucket).port}/"):
        assert b"NoSuchBucket" in fetch(url).body


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([PUBLIC], True),
        ([{**PUBLIC, "Principal": {"AWS": ["*"]}}], True),
        ([{**PUBLIC, "Principal": {"AWS": "arn:aws:iam::1:root"}}], False),
        ([{**PUBLIC, "Principal": {"Service": "x"}}], False),
        ([{**PUBLIC, "Action": ["s3:Put*", "s3:Get*"]}], True),
        ([{**PUBLIC, "Action": "s3:ListBucket"}], False),
        ([{**PUBLIC, "Resource": ["arn:aws:s3:::site/?.txt"]}], True),
        ([{**PUBLIC, "Resource": ["arn:aws:s3:::site/??.txt"]}], False),
        ([{**PUBLIC, "Condition": {}}], False),
        ([PUBLIC, {**PUBLIC, "Effect": "Deny"}], False),
        ([PUBLIC, {**PUBLIC, "Effect": "Deny", "Condition": {}}], False),
        ([], False),
    ],
)
def test_policies(statements: Any, allowed: bool) -> None:
    assert anyone_may({"Statement": statements}, "s3:GetObject", "site/a.txt") is allowed


def test_an_emulator_begins_empty(moto: Any) -> None:
    with S3Emulator() as other:
        assert other.endpoint_url != moto.endpoint_url
        assert other.website_address[1] != moto.website_address[1]


def test_browsers_that_come_to_the_website_at_once_all_find_a_place(moto: Any) -> None:
    with WebsiteEndpoint(moto.client()) as website, ExitStack() as browsers:
        for _ in range(100):  # before it takes up the first of them
            browsers.enter_context(
                socket.create_connection(website.server_address, timeout=PATIENCE)
            )
