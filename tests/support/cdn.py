"""Distributions of CloudFront, on a server that has it."""

import io
import json
from typing import Any

from django.core.management import call_command

from django_shift_media.aws.distribution import resource_name
from tests.support.buckets import use_bucket

SITE = "https://www.example.com"
DOMAIN = "media.example.com"
FAILOVER = ("--mode", "failover", "--app-url", SITE, "--domain", DOMAIN)


class AwsOptions:
    """The options of a bucket on AWS, as a project has them: without an endpoint."""

    def __init__(self, server: Any) -> None:
        self.server = server

    def storage_options(self, bucket: str) -> dict[str, str]:
        return {
            "bucket_name": bucket,
            "region_name": "eu-central-1",
            "access_key": self.server.access_key,
            "secret_key": self.server.secret_key,
        }


def bucket_without_distribution(settings: Any, server: Any) -> Any:
    """Configure a bucket as a website, and remove the distributions of former tests."""
    storage = use_bucket(settings, AwsOptions(server))
    remove_distributions(storage)
    call_command("configure_media_bucket", "--create", "--app-url", SITE, stdout=io.StringIO())
    return storage


def remove_distributions(storage: Any) -> None:
    """Delete all that CloudFront and ACM have."""
    client = storage.aws_client("cloudfront")
    for found in client.list_distributions()["DistributionList"].get("Items", []):
        answer = client.get_distribution(Id=found["Id"])
        config = {**answer["Distribution"]["DistributionConfig"], "Enabled": False}
        updated = client.update_distribution(
            Id=found["Id"], IfMatch=answer["ETag"], DistributionConfig=config
        )
        client.delete_distribution(Id=found["Id"], IfMatch=updated["ETag"])
    for found in client.list_cache_policies(Type="custom")["CachePolicyList"].get("Items", []):
        id = found["CachePolicy"]["Id"]
        client.delete_cache_policy(Id=id, IfMatch=client.get_cache_policy(Id=id)["ETag"])
    acm = storage.aws_client("acm", region="us-east-1")
    for found in acm.list_certificates()["CertificateSummaryList"]:
        acm.delete_certificate(CertificateArn=found["CertificateArn"])


def configure(*options: str, errors: io.StringIO | None = None) -> str:
    output = io.StringIO()
    call_command(
        "configure_media_cdn", "--no-input", *options, stdout=output, stderr=errors or output
    )
    return output.getvalue()


def states(*options: str) -> dict[str, str]:
    resources = json.loads(configure("--json", *options))["resources"]
    return {resource["resource"]: resource["state"] for resource in resources}


def distributions(storage: Any) -> list[dict[str, Any]]:
    client = storage.aws_client("cloudfront")
    listed = client.list_distributions()["DistributionList"].get("Items", [])
    return [client.get_distribution(Id=found["Id"])["Distribution"] for found in listed]


def config_of(storage: Any) -> dict[str, Any]:
    (found,) = distributions(storage)
    config: dict[str, Any] = found["DistributionConfig"]
    return config


def bucket_policy(storage: Any) -> dict[str, Any]:
    answer = storage.client.get_bucket_policy(Bucket=storage.bucket_name)
    policy: dict[str, Any] = json.loads(answer["Policy"])["Statement"][0]
    return policy


def tag_as_ours(storage: Any, id: str) -> None:
    """Let the command manage a distribution."""
    client = storage.aws_client("cloudfront")
    arn = client.get_distribution(Id=id)["Distribution"]["ARN"]
    name = resource_name(storage.bucket_name, "DjangoShiftMedia")
    tags = {"Items": [{"Key": "django-shift-media", "Value": name}]}
    client.tag_resource(Resource=arn, Tags=tags)


def update(storage: Any, **changes: Any) -> None:
    """Change the configuration of the distribution, as others do."""
    client = storage.aws_client("cloudfront")
    (found,) = distributions(storage)
    config = {**found["DistributionConfig"], **changes}
    etag = client.get_distribution(Id=found["Id"])["ETag"]
    client.update_distribution(Id=found["Id"], IfMatch=etag, DistributionConfig=config)
