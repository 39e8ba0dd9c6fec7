"""``--print`` for a private storage on CloudFront: keys, and a secret that is not printed."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_shift_media.naming.access_tokens import cdn_secrets
from tests.support.cdn import AwsOptions, bucket_without_distribution
from tests.support.infrastructure import CDN_OPTIONS, complaints, printed, use_aws
from tests.support.key_pairs import make_key_pair
from tests.support.terraform import problems

NAME = "example-media"


@pytest.fixture
def command(settings: Any, tmp_path: Path) -> tuple[str, ...]:
    use_aws(settings, access="private", mode="failover")
    key = make_key_pair(tmp_path).public
    return ("configure_media_cdn", "--trusted-key-group", str(key), *CDN_OPTIONS)


@pytest.mark.parametrize("format", ["json", "terraform", "cloudformation"])
def test_the_secret_is_not_printed(command: tuple[str, ...], format: str) -> None:
    text = json.dumps(printed(format, *command))
    assert cdn_secrets(NAME)[0] not in text
    assert "BEGIN PUBLIC KEY" in text


def test_terraform_makes_the_key_group(command: tuple[str, ...], tmp_path: Path) -> None:
    file = printed("terraform", *command)
    assert problems(file) == []
    key = file["resource"]["aws_cloudfront_public_key"][NAME]
    assert key["encoded_key"] == (tmp_path / "key.pem").read_text()
    assert key["lifecycle"] == {"create_before_destroy": True}, "the group still uses the former"
    group = file["resource"]["aws_cloudfront_key_group"][NAME]
    assert group["items"] == [f"${{aws_cloudfront_public_key.{NAME}.id}}"]
    distribution = file["resource"]["aws_cloudfront_distribution"][NAME]
    groups = distribution["default_cache_behavior"]["trusted_key_groups"]
    assert groups == [f"${{aws_cloudfront_key_group.{NAME}.id}}"]
    bucket, app = distribution["origin"]
    assert app["custom_header"][0]["value"] == f"${{var.{NAME}_secret}}"
    assert "custom_header" not in bucket
    assert file["variable"][f"{NAME}_secret"]["sensitive"]


def test_cloudformation_makes_the_key_group(command: tuple[str, ...]) -> None:
    template = printed("cloudformation", *command)
    assert complaints(json.dumps(template), "us-east-1") == []
    group = template["Resources"]["KeyGroup"]["Properties"]["KeyGroupConfig"]
    assert group["Items"] == [{"Ref": "PublicKey"}]
    config = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    assert config["DefaultCacheBehavior"]["TrustedKeyGroups"] == [{"Ref": "KeyGroup"}]
    (header,) = config["Origins"][1]["OriginCustomHeaders"]
    assert header["HeaderValue"] == {"Ref": "Secret"}
    assert template["Parameters"]["Secret"]["NoEcho"]


def test_a_key_is_required(settings: Any) -> None:
    use_aws(settings, access="private", mode="failover")
    with pytest.raises(CommandError, match="Use --trusted-key-group"):
        printed("json", "configure_media_cdn", *CDN_OPTIONS)


def test_what_is_printed_is_what_is_applied(aws: Any, settings: Any, tmp_path: Path) -> None:
    bucket = bucket_without_distribution(settings, aws).bucket_name
    options = {**AwsOptions(aws).storage_options(bucket), "access": "private", "mode": "failover"}
    use_aws(settings, **options)
    key = make_key_pair(tmp_path).public
    command = ("configure_media_cdn", "--trusted-key-group", str(key), *CDN_OPTIONS)
    output = io.StringIO()
    call_command(*command, "--dry-run", "--json", stdout=output)
    resources = json.loads(output.getvalue())["resources"]
    applied = {one["resource"]: one["desired"] for one in resources}
    documents = printed("json", *command)
    assert documents["public key"] == applied["public key"]
    known_later = "(known after it is created)"
    assert applied["key group"] == {**documents["key group"], "Items": [known_later]}
