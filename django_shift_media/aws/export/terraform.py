"""
Resources of Terraform, or OpenTofu, in JSON syntax, for version 6 of the AWS provider.

https://developer.hashicorp.com/terraform/language/syntax/json
https://registry.terraform.io/providers/hashicorp/aws/latest/docs
"""

import json
import re
from collections.abc import Callable, Iterator

from django_shift_media.aws.cdn import CERTIFICATE_REGION, DISTRIBUTION_TAGS
from django_shift_media.aws.common import Document
from django_shift_media.aws.dns import TTL
from django_shift_media.aws.export.documents import (
    ACCESS_CONTROL,
    ACCESS_CONTROL_ID,
    BUCKET,
    CACHE_POLICY,
    CACHE_POLICY_ID,
    CERTIFICATE,
    CERTIFICATE_ARN,
    DISTRIBUTION,
    DISTRIBUTION_ARN,
    DISTRIBUTION_HOST,
    DNS_RECORDS,
    KEY_GROUP,
    KEY_GROUP_ID,
    PUBLIC_KEY,
    PUBLIC_KEY_ID,
    SECRET,
    Documents,
)
from django_shift_media.aws.export.terraform_values import convert, expression
from django_shift_media.aws.subresources import (
    CORS,
    LIFECYCLE,
    LOGGING,
    OWNERSHIP,
    POLICY,
    PUBLIC_ACCESS_BLOCK,
    TAGS,
    WEBSITE,
)
from django_shift_media.storages.s3 import S3MediaStorage

_READ_METHODS = ["GET", "HEAD"]  # the default of CloudFront's API


def terraform_text(storage: S3MediaStorage, documents: Documents) -> str:
    """Return a file whose name ends with ``.tf.json``."""
    stack = _Stack(storage, documents)
    resources: dict[str, Document] = {}
    for kind in documents:
        if kind in _RESOURCES:
            type, body = _RESOURCES[kind](stack)
            resources[type] = {stack.name: body}
    if CERTIFICATE in documents:
        resources["aws_acm_certificate_validation"] = {stack.name: stack.validation()}
    if DNS_RECORDS in documents:
        resources["aws_route53_record"] = dict(stack.records())
    file = {
        # A module states the versions of its providers once, which is up to the project.
        "//": "For version 6 of the provider hashicorp/aws.",
        "resource": resources,
        **({"variable": variables} if (variables := dict(stack.variables())) else {}),
        **({"output": dict(stack.outputs())} if DISTRIBUTION in documents else {}),
    }
    return json.dumps(file, indent=2)


class _Stack:
    """Turns documents into the bodies of resources, which all have the same name."""

    def __init__(self, storage: S3MediaStorage, documents: Documents) -> None:
        self.name = re.sub(r"[^\w-]", "_", f"_{storage.bucket_name}").removeprefix("_")
        if self.name[0].isdigit():  # a name begins with a letter or an underscore
            self.name = f"_{self.name}"
        self.region = storage.region
        self.documents = documents
        bucket = f"${{aws_s3_bucket.{self.name}.id}}"
        self.bucket = bucket if BUCKET in documents else storage.bucket_name
        self.references = {
            CERTIFICATE_ARN: f"aws_acm_certificate_validation.{self.name}.certificate_arn",
            CACHE_POLICY_ID: f"aws_cloudfront_cache_policy.{self.name}.id",
            ACCESS_CONTROL_ID: f"aws_cloudfront_origin_access_control.{self.name}.id",
            PUBLIC_KEY_ID: f"aws_cloudfront_public_key.{self.name}.id",
            KEY_GROUP_ID: f"aws_cloudfront_key_group.{self.name}.id",
            SECRET: f"var.{self.name}_secret",
            DISTRIBUTION_ARN: f"aws_cloudfront_distribution.{self.name}.arn",
            DISTRIBUTION_HOST: f"aws_cloudfront_distribution.{self.name}.domain_name",
        }

    # -- values -------------------------------------------------------------------------------

    def converted(self, kind: str) -> Document:
        return self.convert(self.documents[kind])

    def convert(self, document: Document) -> Document:
        body: Document = convert(document, self.references)
        return body

    def text(self, text: str) -> str:
        return expression(text, self.references)

    def tags(self, tags: list[Document]) -> Document:
        return {self.text(tag["Key"]): self.text(tag["Value"]) for tag in tags}

    # -- the bucket ---------------------------------------------------------------------------

    def of_bucket(self, body: Document) -> Document:
        return {"bucket": self.bucket, "region": self.region, **body}

    def s3_bucket(self) -> tuple[str, Document]:
        name = self.documents[BUCKET]["Bucket"]
        body: Document = {"bucket": name, "region": self.region}
        if TAGS.name in self.documents:
            body["tags"] = self.tags(self.documents[TAGS.name]["TagSet"])
        # Originals are precious.
        return "aws_s3_bucket", {**body, "lifecycle": {"prevent_destroy": True}}

    def public_access_block(self) -> tuple[str, Document]:
        body = self.converted(PUBLIC_ACCESS_BLOCK.name)
        return "aws_s3_bucket_public_access_block", self.of_bucket(body)

    def ownership(self) -> tuple[str, Document]:
        body = self.converted(OWNERSHIP.name)
        return "aws_s3_bucket_ownership_controls", self.of_bucket(body)

    def policy(self) -> tuple[str, Document]:
        text = self.text(json.dumps(self.documents[POLICY.name]))
        body = self.of_bucket({"policy": text})
        if PUBLIC_ACCESS_BLOCK.name in self.documents:
            # AWS rejects a public policy while the block is on.
            body["depends_on"] = [f"aws_s3_bucket_public_access_block.{self.name}"]
        return "aws_s3_bucket_policy", body

    def website(self) -> tuple[str, Document]:
        body = self.converted(WEBSITE.name)
        return "aws_s3_bucket_website_configuration", self.of_bucket(body)

    def cors(self) -> tuple[str, Document]:
        return "aws_s3_bucket_cors_configuration", self.of_bucket(self.converted(CORS.name))

    def lifecycle(self) -> tuple[str, Document]:
        body = self.converted(LIFECYCLE.name)
        for rule in body["rule"]:
            if both := rule["filter"].get("and"):
                tags = {tag["key"]: tag["value"] for tag in both.pop("tags", [])}
                rule["filter"]["and"] = {**both, "tags": tags}
        return "aws_s3_bucket_lifecycle_configuration", self.of_bucket(body)

    def logging(self) -> tuple[str, Document]:
        status = self.documents[LOGGING.name]["BucketLoggingStatus"]
        return "aws_s3_bucket_logging", self.of_bucket(self.convert(status["LoggingEnabled"]))

    # -- the distribution ---------------------------------------------------------------------

    def certificate(self) -> tuple[str, Document]:
        request = dict(self.documents[CERTIFICATE])
        tags = self.tags(request.pop("Tags", []))
        return "aws_acm_certificate", {
            "region": CERTIFICATE_REGION,
            **self.convert(request),
            **({"tags": tags} if tags else {}),
            "lifecycle": {"create_before_destroy": True},
        }

    def validation(self) -> Document:
        arn = f"${{aws_acm_certificate.{self.name}.arn}}"
        body: Document = {"region": CERTIFICATE_REGION, "certificate_arn": arn}
        if DNS_RECORDS in self.documents:
            records = f"aws_route53_record.{self.name}_certificate"
            body["validation_record_fqdns"] = f"${{[for one in {records} : one.fqdn]}}"
        return body

    def cache_policy(self) -> tuple[str, Document]:
        return "aws_cloudfront_cache_policy", self.converted(CACHE_POLICY)

    def access_control(self) -> tuple[str, Document]:
        return "aws_cloudfront_origin_access_control", self.converted(ACCESS_CONTROL)

    def public_key(self) -> tuple[str, Document]:
        body = self.converted(PUBLIC_KEY)
        del body["caller_reference"]
        # A key that is in a group cannot be deleted.
        body["lifecycle"] = {"create_before_destroy": True}
        return "aws_cloudfront_public_key", body

    def key_group(self) -> tuple[str, Document]:
        return "aws_cloudfront_key_group", self.converted(KEY_GROUP)

    def distribution(self) -> tuple[str, Document]:
        body = self.converted(DISTRIBUTION)
        for origin in body["origin"]:
            origin.pop("s3_origin_config", None)  # only for the former origin access identity
        logging = body.pop("logging_config", {})
        if logging.pop("enabled", False):
            body["logging_config"] = logging
        methods = {"allowed_methods": _READ_METHODS, "cached_methods": _READ_METHODS}
        return "aws_cloudfront_distribution", {
            **{name: value for name, value in body.items() if value not in ([], "")},
            "default_cache_behavior": {**methods, **body["default_cache_behavior"]},
            "restrictions": {"geo_restriction": {"restriction_type": "none"}},
            "viewer_certificate": body.get("viewer_certificate")
            or {"cloudfront_default_certificate": True},
            "tags": self.tags(self.documents[DISTRIBUTION_TAGS]["TagSet"]),
        }

    # -- DNS ----------------------------------------------------------------------------------

    def records(self) -> Iterator[tuple[str, Document]]:
        zone = f"${{var.{self.name}_zone_id}}"
        for record in self.documents[DNS_RECORDS]["Records"]:
            target = record["AliasTarget"]
            yield (
                f"{self.name}_{record['Type']}",
                {
                    "zone_id": zone,
                    "name": record["Name"],
                    "type": record["Type"],
                    "alias": {
                        "name": self.text(target["DNSName"]).rstrip("."),
                        "zone_id": target["HostedZoneId"],
                        "evaluate_target_health": target["EvaluateTargetHealth"],
                    },
                },
            )
        options = f"aws_acm_certificate.{self.name}.domain_validation_options"
        yield (
            f"{self.name}_certificate",
            {
                "for_each": f"${{{{for one in {options} : one.domain_name => one}}}}",
                "zone_id": zone,
                "name": "${each.value.resource_record_name}",
                "type": "${each.value.resource_record_type}",
                "records": ["${each.value.resource_record_value}"],
                "ttl": TTL,
                "allow_overwrite": True,
            },
        )

    # -- variables and outputs ----------------------------------------------------------------

    def variables(self) -> Iterator[tuple[str, Document]]:
        if DNS_RECORDS in self.documents:
            text = "Id of the hosted zone of the domain, in Route 53"
            yield f"{self.name}_zone_id", {"type": "string", "description": text}
        if SECRET in json.dumps(self.documents):
            text = "What CloudFront sends to the app, so that the app recognizes it"
            variable = {"type": "string", "description": text, "sensitive": True}
            yield f"{self.name}_secret", variable

    def outputs(self) -> Iterator[tuple[str, Document]]:
        for attribute in ("arn", "domain_name"):
            value = f"${{aws_cloudfront_distribution.{self.name}.{attribute}}}"
            yield f"{self.name}_distribution_{attribute}", {"value": value}
        if CERTIFICATE in self.documents:
            value = f"${{aws_acm_certificate.{self.name}.domain_validation_options}}"
            yield f"{self.name}_certificate_records", {"value": value}


_RESOURCES: dict[str, Callable[[_Stack], tuple[str, Document]]] = {
    BUCKET: _Stack.s3_bucket,
    PUBLIC_ACCESS_BLOCK.name: _Stack.public_access_block,
    OWNERSHIP.name: _Stack.ownership,
    POLICY.name: _Stack.policy,
    WEBSITE.name: _Stack.website,
    CORS.name: _Stack.cors,
    LIFECYCLE.name: _Stack.lifecycle,
    LOGGING.name: _Stack.logging,
    CERTIFICATE: _Stack.certificate,
    CACHE_POLICY: _Stack.cache_policy,
    ACCESS_CONTROL: _Stack.access_control,
    PUBLIC_KEY: _Stack.public_key,
    KEY_GROUP: _Stack.key_group,
    DISTRIBUTION: _Stack.distribution,
}
