"""Tags, access logs and the other settings that stay as they are if no option is given."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_shift_media.aws.access_logs import LogTarget
from django_shift_media.aws.distribution_settings import DistributionSettings, merge_settings
from django_shift_media.aws.tags import merge_tags, parse_tags, remove_tags
from tests.support.buckets import new_bucket
from tests.support.cdn import DOMAIN, bucket_without_distribution, config_of, configure, states
from tests.support.infrastructure import SETTINGS, SITE, WEB_ACL, printed, use_aws

# -- pure functions -------------------------------------------------------------------------------


def test_tags_have_keys_and_values() -> None:
    values = ["Team=web", "Cost Center=4/2", "Empty=", "Formula=a=b", "Größe=ü"]
    assert parse_tags(values) == {
        "Team": "web",
        "Cost Center": "4/2",
        "Empty": "",
        "Formula": "a=b",
        "Größe": "ü",
    }


@pytest.mark.parametrize(
    "text",
    ["", "Team", "=web", "aws:name=x", "AWS:name=x", f"{'k' * 129}=x", f"k={'v' * 257}", "k=<v>"],
)
def test_tags_that_aws_refuses_are_named(text: str) -> None:
    with pytest.raises(ValueError, match="Use KEY=VALUE"):
        parse_tags([text])


def test_tags_of_others_stay() -> None:
    theirs = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}
    merged = merge_tags(theirs, {"b": "3", "c": "4"})
    assert {tag["Key"]: tag["Value"] for tag in merged["TagSet"]} == {"a": "1", "b": "3", "c": "4"}
    assert remove_tags(merged, {"b": "2", "c": "4"}) == {
        "TagSet": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"}]
    }
    assert remove_tags(theirs, {"a": "1", "b": "2"}) is None


def test_origin_shield_is_for_our_origins_only() -> None:
    theirs = {"Id": "theirs", "DomainName": "a.example.com"}
    ours = {"Id": "django-shift-media-app", "OriginShield": {"Enabled": False}}
    config = {"Origins": {"Quantity": 2, "Items": [theirs, ours]}}
    on = merge_settings(config, DistributionSettings(origin_shield="eu-west-1"), "eu-west-1")
    shield = {"Enabled": True, "OriginShieldRegion": "eu-west-1"}
    assert on["Origins"]["Items"] == [theirs, {**ours, "OriginShield": shield}]
    off = merge_settings(on, DistributionSettings(origin_shield="none"), "eu-west-1")
    assert off == config


def test_logs_go_to_the_host_of_the_partition() -> None:
    settings = DistributionSettings(access_logs=LogTarget("logs", ""))
    logging = merge_settings({}, settings, "cn-north-1")["Logging"]
    assert logging["Bucket"] == "logs.s3.amazonaws.com.cn"


@pytest.mark.parametrize(
    ("command", "option", "message"),
    [
        ("cdn", "--web-acl=arn:aws:wafv2:eu-west-1:1:regional/webacl/a/b", "Invalid web ACL"),
        ("cdn", "--origin-shield=Frankfurt", "Invalid region 'Frankfurt'"),
        ("cdn", "--access-logs=Logs", "Invalid bucket for access logs 'Logs'"),
        ("cdn", "--access-logs=example-media/logs", "written to the media bucket"),
        ("cdn", "--tag=django-shift-media=x", "marks what this command manages"),
        ("cdn", "--tag=x", "Invalid tag 'x'"),
        ("bucket", "--access-logs=example-media", "written to the media bucket"),
        ("bucket", "--tag=aws:x=y", "Invalid tag 'aws:x=y'"),
    ],
)
def test_a_wrong_value_is_named(settings: Any, command: str, option: str, message: str) -> None:
    use_aws(settings)
    with pytest.raises(CommandError, match=message):
        printed("json", f"configure_media_{command}", "--app-url", SITE, option)


# -- the bucket -----------------------------------------------------------------------------------


def configure_bucket(*options: str) -> dict[str, str]:
    """Configure the bucket; return the state of each resource."""
    output = io.StringIO()
    command = ("configure_media_bucket", "--app-url", SITE, "--json", "--no-input")
    call_command(*command, *options, stdout=output)
    resources = json.loads(output.getvalue())["resources"]
    return {one["resource"]: one["state"] for one in resources}


def test_a_bucket_gets_tags_and_logs(moto: Any, settings: Any) -> None:
    storage = new_bucket(settings, moto)
    client, bucket = storage.client, storage.bucket_name
    logs = f"{bucket}-logs"
    client.create_bucket(Bucket=logs, ObjectOwnership="ObjectWriter")
    client.put_bucket_acl(
        Bucket=logs,
        GrantWrite='uri="http://acs.amazonaws.com/groups/s3/LogDelivery"',
        GrantReadACP='uri="http://acs.amazonaws.com/groups/s3/LogDelivery"',
    )
    theirs = {"Key": "Owner", "Value": "b"}
    client.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [theirs]})
    options = ("--tag=Team=web", f"--access-logs={logs}/a/")
    assert {"tags", "access logs"} & set(configure_bucket()) == set()
    assert configure_bucket(*options)["tags"] == "changed"
    assert set(configure_bucket(*options).values()) == {"unchanged"}
    configure_bucket()
    ours = {"Key": "Team", "Value": "web"}
    assert client.get_bucket_tagging(Bucket=bucket)["TagSet"] == [theirs, ours]
    assert client.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == {
        "TargetBucket": logs,
        "TargetPrefix": "a/",
    }
    configure_bucket("--access-logs=none")
    assert "LoggingEnabled" not in client.get_bucket_logging(Bucket=bucket)
    assert configure_bucket("--access-logs=none")["access logs"] == "unchanged"
    configure_bucket("--remove", "--tag=Team=web")
    assert client.get_bucket_tagging(Bucket=bucket)["TagSet"] == [theirs]


# -- the distribution -----------------------------------------------------------------------------


@pytest.fixture
def storage(aws: Any, settings: Any) -> Any:
    return bucket_without_distribution(settings, aws)


def tags_of(storage: Any) -> dict[str, str]:
    client = storage.aws_client("cloudfront")
    (found,) = client.list_distributions()["DistributionList"]["Items"]
    tags = client.list_tags_for_resource(Resource=found["ARN"])["Tags"]["Items"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def test_a_distribution_keeps_settings_that_no_option_is_given_for(storage: Any) -> None:
    configure("--domain", DOMAIN, *SETTINGS)
    config = config_of(storage)
    assert config["PriceClass"] == "PriceClass_100"
    assert config["WebACLId"] == WEB_ACL
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert config["Logging"] == {
        "Enabled": True,
        "IncludeCookies": False,
        "Bucket": "example-logs.s3.amazonaws.com",
        "Prefix": "cdn/",
    }
    (origin,) = config["Origins"]["Items"]
    assert origin["OriginShield"] == {"Enabled": True, "OriginShieldRegion": "eu-central-1"}
    assert tags_of(storage)["Team"] == "web"
    assert set(states("--domain", DOMAIN, *SETTINGS).values()) == {"unchanged"}
    assert set(states().values()) == {"unchanged"}
    assert config_of(storage) == config

    off = ("--origin-shield=none", "--web-acl=none", "--access-logs=none", "--price-class=all")
    configure(*off, "--minimum-tls=TLSv1.2_2019", "--tag=Team=ops", "--tag=Stage=live")
    config = config_of(storage)
    assert config["PriceClass"] == "PriceClass_All"
    assert config["WebACLId"] == ""
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2019"
    assert not config["Logging"]["Enabled"]
    assert not config["Origins"]["Items"][0]["OriginShield"]["Enabled"]
    assert tags_of(storage).items() >= {"Team": "ops", "Stage": "live"}.items()
    assert "django-shift-media" in tags_of(storage)
    assert set(states(*off).values()) == {"unchanged"}


def test_a_new_certificate_gets_the_tags(storage: Any) -> None:
    configure("--domain", DOMAIN, "--tag=Team=web")
    acm = storage.aws_client("acm", region="us-east-1")
    arn = config_of(storage)["ViewerCertificate"]["ACMCertificateArn"]
    tags = acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]
    assert tags == [{"Key": "Team", "Value": "web"}]


def test_a_setting_beside_an_invalidation_is_made(storage: Any) -> None:
    configure()
    configure("--invalidate", "--price-class=200")
    assert config_of(storage)["PriceClass"] == "PriceClass_200"
