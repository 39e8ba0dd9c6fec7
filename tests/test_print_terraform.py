"""``--print terraform``, held against the schema of the AWS provider (see terraform_schema.py)."""

from typing import Any

import pytest

from tests.support.infrastructure import (
    BUCKET_OPTIONS,
    CASES,
    CDN_OPTIONS,
    DOMAIN,
    WEB_ACL,
    printed,
    use_aws,
)
from tests.support.terraform import SCHEMA, problems


def test_the_schema_is_of_the_version_that_is_promised() -> None:
    assert SCHEMA["version"].startswith("6.")


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_the_provider_knows_everything_that_is_printed(
    settings: Any, options: tuple[str, ...]
) -> None:
    use_aws(settings, location="site")
    assert problems(printed("terraform", *options)) == []


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ({"polizy": "{}"}, "aws_s3_bucket_policy.m.polizy is unknown"),
        ({"policy": 1}, "aws_s3_bucket_policy.m.policy must be of the type string, not 1"),
        ({"policy": "${aws_s3_bucket.x.id}"}, "unknown reference aws_s3_bucket.x.id"),
    ],
)
def test_the_schema_finds_mistakes(damage: dict[str, Any], problem: str) -> None:
    body = {"bucket": "b", "policy": "{}", **damage}
    assert problems({"resource": {"aws_s3_bucket_policy": {"m": body}}}) == [problem]


def test_nothing_is_missing(settings: Any) -> None:
    use_aws(settings)
    bucket = printed("terraform", "configure_media_bucket", *BUCKET_OPTIONS)
    assert set(bucket["resource"]) == {
        "aws_s3_bucket",
        "aws_s3_bucket_cors_configuration",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_logging",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_website_configuration",
    }
    cdn = printed("terraform", "configure_media_cdn", "--mode=failover", "--route53", *CDN_OPTIONS)
    assert set(cdn["resource"]) == {
        "aws_acm_certificate",
        "aws_acm_certificate_validation",
        "aws_cloudfront_cache_policy",
        "aws_cloudfront_distribution",
        "aws_cloudfront_origin_access_control",
        "aws_route53_record",
        "aws_s3_bucket_policy",
    }
    distribution = cdn["resource"]["aws_cloudfront_distribution"]["example-media"]
    assert distribution["aliases"] == [DOMAIN]
    assert distribution["price_class"] == "PriceClass_100"
    assert distribution["web_acl_id"] == WEB_ACL
    assert distribution["tags"]["Team"] == "web"
    assert distribution["logging_config"] == {
        "bucket": "example-logs.s3.amazonaws.com",
        "include_cookies": False,
        "prefix": "cdn/",
    }
    assert all(origin["origin_shield"]["enabled"] for origin in distribution["origin"])
    (group,) = distribution["origin_group"]
    assert group["failover_criteria"] == {"status_codes": [403, 404]}
    assert [one["origin_id"] for one in group["member"]] == [
        origin["origin_id"] for origin in distribution["origin"]
    ]
    certificate = cdn["resource"]["aws_acm_certificate"]["example-media"]
    assert (certificate["region"], certificate["tags"]) == ("us-east-1", {"Team": "web"})


def test_both_files_can_be_in_one_folder(settings: Any) -> None:
    """Terraform refuses a resource, an output or the providers' versions that it finds twice."""
    use_aws(settings)
    bucket = printed("terraform", "configure_media_bucket", "--mode=failover", *BUCKET_OPTIONS)
    cdn = printed("terraform", "configure_media_cdn", "--mode=failover", *CDN_OPTIONS)
    assert problems(bucket, cdn) == []
    assert not set(bucket["resource"]) & set(cdn["resource"])
    assert "terraform" not in {*bucket, *cdn}


def test_originals_survive_a_destroy(settings: Any) -> None:
    use_aws(settings)
    file = printed("terraform", "configure_media_bucket", *BUCKET_OPTIONS)
    assert file["resource"]["aws_s3_bucket"]["example-media"]["lifecycle"]["prevent_destroy"]


def test_a_public_policy_waits_for_the_block(settings: Any) -> None:
    use_aws(settings)
    file = printed("terraform", "configure_media_bucket", *BUCKET_OPTIONS)
    policy = file["resource"]["aws_s3_bucket_policy"]["example-media"]
    assert policy["depends_on"] == ["aws_s3_bucket_public_access_block.example-media"]


def test_texts_are_not_evaluated(settings: Any) -> None:
    """Terraform evaluates ${…} and %{…}: https://developer.hashicorp.com/terraform/language/expressions/strings"""
    use_aws(settings)
    file = printed("terraform", "configure_media_bucket", "--app-url=https://a.example/${a}/%{b}")
    website = file["resource"]["aws_s3_bucket_website_configuration"]["example-media"]
    prefix = website["routing_rule"][0]["redirect"]["replace_key_prefix_with"]
    assert prefix == "$${a}/%%{b}/media/"


@pytest.mark.parametrize(
    ("bucket", "name"), [("4.example.com", "_4_example_com"), ("media-4", "media-4")]
)
def test_names_of_resources_are_valid(settings: Any, bucket: str, name: str) -> None:
    """A name has letters, digits, - and _, and does not begin with a digit."""
    use_aws(settings, bucket_name=bucket)
    file = printed("terraform", "configure_media_bucket", *BUCKET_OPTIONS)
    assert list(file["resource"]["aws_s3_bucket"]) == [name]
    assert problems(file) == []


def test_uploads_have_rules_of_their_own(settings: Any) -> None:
    use_aws(settings)
    resources = printed("terraform", "configure_media_bucket", *BUCKET_OPTIONS)["resource"]
    cors = resources["aws_s3_bucket_cors_configuration"]["example-media"]["cors_rule"]
    assert [rule["allowed_methods"] for rule in cors] == [["GET", "HEAD"], ["PUT"]]
    assert cors[1]["allowed_headers"] == ["content-type"]
    rules = resources["aws_s3_bucket_lifecycle_configuration"]["example-media"]["rule"]
    assert rules[-1]["abort_incomplete_multipart_upload"] == {"days_after_initiation": 7}
