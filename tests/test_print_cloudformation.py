"""``--print cloudformation``: linted, and applied."""

import io
import json
import uuid
from typing import Any

import pytest
from django.core.management import call_command

from tests.support.buckets import use_bucket
from tests.support.cdn import AwsOptions, remove_distributions
from tests.support.infrastructure import (
    BUCKET_OPTIONS,
    CASES,
    CDN_OPTIONS,
    DOMAIN,
    SITE,
    complaints,
    printed,
    use_aws,
)


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_the_linter_has_nothing_to_say(settings: Any, options: tuple[str, ...]) -> None:
    use_aws(settings, location="site")
    template = json.dumps(printed("cloudformation", *options))
    region = "us-east-1" if "configure_media_cdn" in options else "eu-central-1"
    assert complaints(template, region) == []


def test_nothing_is_missing(settings: Any) -> None:
    use_aws(settings)
    bucket = printed("cloudformation", "configure_media_bucket", *BUCKET_OPTIONS)["Resources"]
    assert set(bucket) == {"Bucket", "BucketPolicy"}
    properties = bucket["Bucket"]["Properties"]
    assert set(properties) == {
        "BucketName",
        "CorsConfiguration",
        "LifecycleConfiguration",
        "LoggingConfiguration",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
        "Tags",
        "WebsiteConfiguration",
    }
    expiry, cleanup, uploads = properties["LifecycleConfiguration"]["Rules"]
    assert expiry["TagFilters"] == [{"Key": "shift-media", "Value": "resize"}]
    assert expiry["ExpirationInDays"] == 30
    assert cleanup["ExpiredObjectDeleteMarker"] is True
    assert uploads["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    cors = properties["CorsConfiguration"]["CorsRules"]
    assert [rule["AllowedMethods"] for rule in cors] == [["GET", "HEAD"], ["PUT"]]
    cdn = printed("cloudformation", "configure_media_cdn", "--mode=failover", *CDN_OPTIONS)
    assert set(cdn["Resources"]) == {
        "CachePolicy",
        "Certificate",
        "Distribution",
        "OriginAccessControl",
    }


def test_originals_survive_the_deletion_of_a_stack(settings: Any) -> None:
    use_aws(settings)
    template = printed("cloudformation", "configure_media_bucket", *BUCKET_OPTIONS)
    bucket = template["Resources"]["Bucket"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_a_certificate_is_only_made_where_cloudfront_finds_it(settings: Any) -> None:
    use_aws(settings)
    template = printed("cloudformation", "configure_media_cdn", *CDN_OPTIONS)
    (assertion,) = template["Rules"]["Region"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    assert "Rules" not in printed("cloudformation", "configure_media_cdn")


# -- applied --------------------------------------------------------------------------------------


def create(client: Any, template: Any) -> str:
    """Create a stack; return its name."""
    name = f"stack-{uuid.uuid4().hex[:12]}"
    client.create_stack(StackName=name, TemplateBody=json.dumps(template))
    wait(client, "stack_create_complete", name)
    return name


def wait(client: Any, event: str, stack: str) -> None:
    client.get_waiter(event).wait(StackName=stack, WaiterConfig={"Delay": 0.2, "MaxAttempts": 600})


def outputs(client: Any, stack: str) -> dict[str, str]:
    (found,) = client.describe_stacks(StackName=stack)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}


@pytest.fixture
def storage(aws: Any, settings: Any) -> Any:
    """The name of a bucket that is not there yet."""
    storage = use_bucket(settings, AwsOptions(aws))
    remove_distributions(storage)
    return storage


# Of a bucket, ministack makes these of a template; its CloudFormation ignores the other properties.
BUCKET = ("configure_media_bucket", "--app-url", SITE, "--cors-origin=https://one.example.com")
CDN = ("configure_media_cdn", "--app-url", SITE, "--domain", DOMAIN)


def check(*command: str) -> None:
    call_command(*command, "--check", stdout=io.StringIO())


def test_after_the_stacks_of_a_website_nothing_is_left_to_do(storage: Any) -> None:
    client = storage.aws_client("cloudformation")
    create(client, printed("cloudformation", *BUCKET))
    check(*BUCKET)
    global_client = storage.aws_client("cloudformation", region="us-east-1")
    create(global_client, printed("cloudformation", *CDN, "--tag=Team=web"))
    check(*CDN, "--tag=Team=web")


def test_after_the_stacks_of_a_private_bucket_nothing_is_left_to_do(storage: Any) -> None:
    bucket, cdn = (*BUCKET, "--mode=failover"), (*CDN, "--mode=failover")
    client = storage.aws_client("cloudformation")
    stack = create(client, printed("cloudformation", *bucket))
    global_client = storage.aws_client("cloudformation", region="us-east-1")
    settings = ("--price-class=100", "--origin-shield=eu-central-1")
    template = printed("cloudformation", *cdn, *settings)
    arn = outputs(global_client, create(global_client, template))["DistributionArn"]
    client.update_stack(
        StackName=stack,
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "DistributionArn", "ParameterValue": arn}],
    )
    wait(client, "stack_update_complete", stack)
    check(*bucket)
    check(*cdn, *settings)
