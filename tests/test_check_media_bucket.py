"""manage.py check_media: problems of a bucket, and of a proxy in front of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from PIL import Image

from tests.support.buckets import change_options, configured_bucket
from tests.support.diagnostics import diagnose, put_rules, stored, the_problem, website_proxy
from tests.support.intermediary import in_front_of
from tests.support.proxies import nginx


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


@pytest.mark.server
def test_public_access_that_the_account_blocks(
    moto: Any, moto_bucket: Any, settings: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint_url)
    # boto3 puts the account's number in front of this host; moto recognizes the service by it.
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
    assert "does not allow everyone to read resizes" in the_problem("not-public")["what"]


def test_a_policy_that_denies_http(moto: Any, moto_bucket: Any, settings: Any) -> None:
    """Not on moto itself, which would deny everything to the app, too: it knows no HTTPS."""
    client, name = moto_bucket.client, moto_bucket.bucket_name
    policy = json.loads(client.get_bucket_policy(Bucket=name)["Policy"])
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy["Statement"].append(denial)
    client.delete_bucket_policy(Bucket=name)
    with in_front_of(moto.endpoint_url) as intermediary:
        intermediary.answer(r"GET .*\?policy$", 200, json.dumps(policy).encode())
        change_options(settings, endpoint_url=intermediary.url)
        problem = the_problem("http-denied")
    assert "configure_media_cdn --mode failover" in problem["remedy"]


@pytest.mark.server
def test_a_website_whose_files_are_encrypted_with_a_kms_key(
    moto_bucket: Any, settings: Any
) -> None:
    """S3 answers 400 to requests without a signature for such files."""
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
    moto_bucket.client.put_bucket_encryption(
        Bucket=moto_bucket.bucket_name, ServerSideEncryptionConfiguration={"Rules": rules}
    )
    with nginx("location / { return 400; }") as (port,):
        change_options(settings, public_url=f"http://127.0.0.1:{port}/")
        assert "SSE-S3" in the_problem("encrypted")["remedy"]


@pytest.mark.server
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
    assert "Probably the bucket or the account blocks" in problem["what"]


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
    assert "None of the bucket's routing rules (1) applies" in the_problem("rule-missing")["what"]


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
    assert "serves another bucket" in the_problem("wrong-endpoint")["what"]
    assert stored(moto_bucket) == stored(other) == []


def test_the_website_of_no_bucket(moto: Any, moto_bucket: Any, settings: Any) -> None:
    change_options(settings, public_url=moto.website_url("no-such-bucket"))
    assert "a bucket that does not exist" in the_problem("wrong-endpoint")["what"]


@pytest.mark.server
def test_media_that_are_out_of_service(moto_bucket: Any, settings: Any) -> None:
    with nginx("location / { return 503; }") as (port,):
        change_options(settings, public_url=f"http://127.0.0.1:{port}/")
        assert "answers 503" in the_problem("media-unreachable")["what"]


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1:9"])
def test_a_host_that_is_not_there(moto_bucket: Any, settings: Any, host: str) -> None:
    change_options(settings, public_url=f"http://{host}/")
    named = "wrong-endpoint" if host.endswith("invalid") else "media-unreachable"
    assert host in the_problem(named)["what"]


@pytest.mark.server
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
    assert "(browsers cache a 301)" in the_problem("redirect-cached")["what"]


@pytest.mark.server
def test_a_redirect_that_is_given_an_age(moto: Any, moto_bucket: Any, settings: Any) -> None:
    keeping = "proxy_hide_header Cache-Control; add_header Cache-Control max-age=31536000 always;"
    with nginx(website_proxy(moto, moto_bucket, keeping)) as (port,):
        change_options(settings, public_url=f"http://127.0.0.1:{port}/")
        assert "(max-age=31536000)" in the_problem("redirect-cached")["what"]


@pytest.mark.server
@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (
            "default_type text/html; return 200 welcome;",
            "Content-Type is text/html, must be image/webp.",
        ),
        ("default_type image/webp; return 200 welcome;", "The response is not a valid image:"),
        (
            "types { image/webp webp; } root FOLDER; try_files /other.webp =404;",
            "The image has 40 x 30 pixels, must have 24 x 24.",
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


@pytest.mark.server
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
