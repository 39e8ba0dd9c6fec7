"""``--print`` of the commands that configure AWS: without AWS, and the same as what they apply."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.support.buckets import use_bucket
from tests.support.cdn import AwsOptions, remove_distributions
from tests.support.infrastructure import (
    BUCKET_OPTIONS,
    CASES,
    CDN_OPTIONS,
    SITE,
    printed,
    use_aws,
)
from tests.support.servers import free_port

FORMATS = ("json", "terraform", "cloudformation")


@pytest.fixture
def no_aws(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither credentials nor a server that would answer."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    use_aws(settings)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_nobody_is_asked(no_aws: None, options: tuple[str, ...], format: str) -> None:
    assert printed(format, *options)


def test_documents_without_ids_say_so(no_aws: None) -> None:
    distribution = printed("json", "configure_media_cdn", *CDN_OPTIONS)["distribution"]
    assert distribution["ViewerCertificate"]["ACMCertificateArn"] == "(ARN of the certificate)"
    assert distribution["DefaultCacheBehavior"]["CachePolicyId"] == "(id of the cache policy)"


def test_json_is_the_default_of_the_cdn(no_aws: None) -> None:
    output = io.StringIO()
    call_command("configure_media_cdn", "--print", stdout=output)
    assert json.loads(output.getvalue()) == printed("json", "configure_media_cdn")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("configure_media_bucket", "--remove"), "Use it without --remove"),
        (("configure_media_cdn", "--remove"), "Use it without --remove"),
        (("configure_media_bucket",), "Mode website requires --app-url"),
        (("configure_media_cdn", "--mode=failover"), "Mode failover requires --app-url"),
        (("configure_media_cdn", "--route53"), "--route53 requires --domain"),
        (
            ("configure_media_cdn", "--domain=www.example.com", f"--app-url={SITE}"),
            "would request missing files from itself",
        ),
        (
            ("configure_media_cdn", "--minimum-tls=TLSv1.2_2021"),
            "--minimum-tls requires --domain: it belongs to the certificate",
        ),
    ],
)
def test_options_that_cannot_be_are_refused(
    no_aws: None, options: tuple[str, ...], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        printed("json", *options)


def test_china_has_no_certificates_for_cloudfront(settings: Any) -> None:
    use_aws(settings, region_name="cn-north-1")
    assert "certificate" not in printed("json", "configure_media_cdn")
    with pytest.raises(CommandError, match="In China, CloudFront does not support certificates"):
        printed("json", "configure_media_cdn", *CDN_OPTIONS)


# -- the same as what is applied ------------------------------------------------------------------


def desired(command: str, *options: str) -> dict[str, Any]:
    """Return the documents that the command would write to AWS, by resource."""
    output = io.StringIO()
    call_command(command, *options, "--dry-run", "--json", stdout=output)
    resources = json.loads(output.getvalue())["resources"]
    return {one["resource"]: one["desired"] for one in resources if one["desired"]}


@pytest.mark.parametrize("mode", ["website", "failover"])
def test_what_is_printed_for_a_bucket_is_what_is_applied(
    moto: Any, settings: Any, mode: str
) -> None:
    use_bucket(settings, moto, tag_resizes=True, mode=mode)
    command = ("configure_media_bucket", *BUCKET_OPTIONS)
    assert printed("json", *command) == desired(*command, "--create")


@pytest.mark.parametrize("mode", ["website", "failover"])
def test_what_is_printed_for_a_distribution_is_what_is_applied(
    aws: Any, settings: Any, mode: str
) -> None:
    storage = use_bucket(settings, AwsOptions(aws), mode=mode)
    storage.client.create_bucket(
        Bucket=storage.bucket_name,
        CreateBucketConfiguration={"LocationConstraint": storage.region},
    )
    remove_distributions(storage)
    command = ("configure_media_cdn", *CDN_OPTIONS)
    documents, applied = printed("json", *command), desired(*command)
    names = {"cache policy", "origin access control", "distribution", "policy"} & set(documents)
    known_later = "(known after it is created)"
    for name in names:
        text = json.dumps(documents[name])
        for placeholder in (
            "(ARN of the certificate)",
            "(id of the cache policy)",
            "(id of the origin access control)",
            "(ARN of the distribution)",
        ):
            text = text.replace(placeholder, known_later)
        assert json.loads(text) == applied[name]
    assert ("policy" in names) == (mode == "failover")


def test_the_site_is_the_one_that_is_given(no_aws: None) -> None:
    website = printed("json", "configure_media_bucket", "--app-url", SITE)
    rules = website["website and routing rules"]["RoutingRules"]
    assert {rule["Redirect"]["HostName"] for rule in rules} == {"www.example.com"}


def test_uploads_have_rules_of_their_own(no_aws: None) -> None:
    documents = printed("json", "configure_media_bucket", *BUCKET_OPTIONS)
    origins = ["https://one.example.com", "https://two.example.com"]
    cors, lifecycle = documents["CORS"]["CORSRules"], documents["lifecycle"]["Rules"]
    assert [rule["AllowedMethods"] for rule in cors] == [["GET", "HEAD"], ["PUT"]]
    assert [rule["AllowedOrigins"] for rule in cors] == [origins, origins]
    assert lifecycle[-1]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


# Cloudflare R2 refuses rules without an ID.
RULES = {"cors_rule", "CorsRules", "CORSRules", "rule", "Rules"}


def rules_in(document: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield the rules of each lifecycle and CORS configuration, wherever they are."""
    for name, value in document.items() if isinstance(document, dict) else enumerate(document):
        if name in RULES and isinstance(value, list):
            if not {"ObjectOwnership", "object_ownership"} & value[0].keys():
                yield value
        elif isinstance(value, (dict, list)):
            yield from rules_in(value)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_every_rule_has_an_id_of_its_own(
    no_aws: None, options: tuple[str, ...], format: str
) -> None:
    configurations = list(rules_in(printed(format, *options)))
    for rules in configurations:
        ids = [rule.get("ID", rule.get("Id", rule.get("id"))) for rule in rules]
        assert all(ids), rules
        assert len(set(ids)) == len(ids)
    if "--expire-resizes=30" in options:
        assert sorted(len(rules) for rules in configurations) == [2, 3]
