"""
Templates of CloudFormation.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

import json
from collections.abc import Callable
from typing import Any

from django_shift_media.aws.cdn import CERTIFICATE_REGION, DISTRIBUTION_TAGS
from django_shift_media.aws.common import Document
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
    DNS_RECORDS,
    KEY_GROUP,
    KEY_GROUP_ID,
    PUBLIC_KEY,
    PUBLIC_KEY_ID,
    SECRET,
    Documents,
)
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

_PARAMETER = "DistributionArn"
_CONDITION = "HasDistribution"
_ZONE = "HostedZoneId"
_SECRET = "Secret"  # noqa: S105
# Members that CloudFormation calls otherwise than the API.
_NAMES = {
    "ACMCertificateArn": "AcmCertificateArn",
    "CustomHeaders": "OriginCustomHeaders",
    "IsIPV6Enabled": "IPV6Enabled",
    "OriginSslProtocols": "OriginSSLProtocols",
    "SSLSupportMethod": "SslSupportMethod",
    # Of rules of a bucket.
    "Condition": "RoutingRuleCondition",
    "ID": "Id",
    "ExposeHeaders": "ExposedHeaders",
    "MaxAgeSeconds": "MaxAge",
    "Redirect": "RedirectRule",
}
_REFERENCES: dict[str, Document] = {
    CERTIFICATE_ARN: {"Ref": "Certificate"},
    CACHE_POLICY_ID: {"Ref": "CachePolicy"},
    ACCESS_CONTROL_ID: {"Ref": "OriginAccessControl"},
    PUBLIC_KEY_ID: {"Ref": "PublicKey"},
    KEY_GROUP_ID: {"Ref": "KeyGroup"},
    SECRET: {"Ref": _SECRET},
    DISTRIBUTION_ARN: {"Ref": _PARAMETER},
}
_DISTRIBUTION_ARN = (
    "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
)


def cloudformation_text(documents: Documents) -> str:
    """
    Return a template: one for a bucket's region, or one of a distribution.

    A stack is in one region. The one of a certificate must be the region in which CloudFront looks
    for it, so the policy of the bucket is not in the stack of the distribution.
    """
    template = _distribution_template if DISTRIBUTION in documents else _bucket_template
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", **template(documents)}, indent=2)


def _bucket_template(documents: Documents) -> Document:
    if POLICY.name not in documents:
        return {"Resources": {"Bucket": _bucket(documents)}}
    document = _convert_references(documents[POLICY.name])
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": document},
    }
    resources = {"Bucket": _bucket(documents), "BucketPolicy": policy}
    if document == documents[POLICY.name]:
        return {"Resources": resources}
    # Its distribution is made after the bucket.
    policy["Condition"] = _CONDITION
    text = "ARN of the CloudFront distribution, once its stack exists"
    return {
        "Parameters": {_PARAMETER: {"Type": "String", "Default": "", "Description": text}},
        "Conditions": {_CONDITION: {"Fn::Not": [{"Fn::Equals": [{"Ref": _PARAMETER}, ""]}]}},
        "Resources": resources,
    }


def _bucket(documents: Documents) -> Document:
    properties = {
        name: convert(documents[kind])
        for kind, (name, convert) in _BUCKET_PROPERTIES.items()
        if kind in documents
    }
    return {
        "Type": "AWS::S3::Bucket",
        # Originals are precious.
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"BucketName": documents[BUCKET]["Bucket"], **properties},
    }


def _distribution_template(documents: Documents) -> Document:
    parameters = _parameters(documents)
    return {
        **({"Parameters": parameters} if parameters else {}),
        **(_region_rule() if CERTIFICATE in documents else {}),
        "Resources": {
            name: {"Type": type, "Properties": properties(documents)}
            for kind, (name, type, properties) in _DISTRIBUTION_RESOURCES.items()
            if kind in documents
        },
        "Outputs": {
            "DistributionArn": {"Value": {"Fn::Sub": _DISTRIBUTION_ARN}},
            "DomainName": {"Value": {"Fn::GetAtt": ["Distribution", "DomainName"]}},
        },
    }


def _certificate(documents: Documents) -> Document:
    request = documents[CERTIFICATE]
    if DNS_RECORDS not in documents:
        return request
    # CloudFormation then writes the records that prove to ACM who owns the domain.
    options = {"DomainName": request["DomainName"], "HostedZoneId": {"Ref": _ZONE}}
    return {**request, "DomainValidationOptions": [options]}


def _distribution(documents: Documents) -> Document:
    return {
        "DistributionConfig": _distribution_config(documents[DISTRIBUTION]),
        "Tags": documents[DISTRIBUTION_TAGS]["TagSet"],
    }


def _record_set_group(documents: Documents) -> Document:
    records = [_record(record) for record in documents[DNS_RECORDS]["Records"]]
    return {"HostedZoneId": {"Ref": _ZONE}, "RecordSets": records}


def _record(record: Document) -> Document:
    host = {"Fn::GetAtt": ["Distribution", "DomainName"]}
    return {**record, "AliasTarget": {**record["AliasTarget"], "DNSName": host}}


def _parameters(documents: Documents) -> Document:
    parameters: Document = {}
    if DNS_RECORDS in documents:
        text = "Hosted zone of the domain"
        parameters[_ZONE] = {"Type": "AWS::Route53::HostedZone::Id", "Description": text}
    if SECRET in json.dumps(documents):
        text = "What CloudFront sends to the app, so that the app recognizes it"
        parameters[_SECRET] = {"Type": "String", "NoEcho": True, "Description": text}
    return parameters


def _region_rule() -> Document:
    is_region = {"Fn::Equals": [{"Ref": "AWS::Region"}, CERTIFICATE_REGION]}
    text = f"Create this stack in {CERTIFICATE_REGION}, where CloudFront looks for certificates."
    return {"Rules": {"Region": {"Assertions": [{"Assert": is_region, "AssertDescription": text}]}}}


def _distribution_config(document: Document) -> Document:
    config = {name: value for name, value in document.items() if value not in ("", {"Quantity": 0})}
    groups = config.pop("OriginGroups", None)
    if not config.get("Logging", {}).get("Enabled"):
        config.pop("Logging", None)
    converted: Document = _convert(config)
    if "Logging" in converted:
        del converted["Logging"]["Enabled"]
    # Collections in groups have a number of items in CloudFormation, too.
    return {**converted, **({"OriginGroups": groups} if groups else {})}


def _convert(value: Any) -> Any:
    """Convert names, references, and collections to lists."""
    if isinstance(value, list):
        return [_convert(item) for item in value]
    if not isinstance(value, dict):
        return _convert_references(value)
    if "Quantity" in value:
        return _convert(value.get("Items", []))
    return {_NAMES.get(name, name): _convert(member) for name, member in value.items()}


def _convert_references(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _convert_references(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_convert_references(item) for item in value]
    return _REFERENCES.get(value, value) if isinstance(value, str) else value


def _website(document: Document) -> Document:
    return {**_convert(document), "IndexDocument": document["IndexDocument"]["Suffix"]}


def _lifecycle(document: Document) -> Document:
    return {"Rules": [_lifecycle_rule(rule) for rule in document["Rules"]]}


def _lifecycle_rule(rule: Document) -> Document:
    others = {name: value for name, value in rule.items() if name not in {"Filter", "Expiration"}}
    selected = rule["Filter"].get("And", rule["Filter"])
    tags = selected.get("Tags") or ([selected["Tag"]] if "Tag" in selected else [])
    expiration = {
        "ExpirationInDays" if name == "Days" else name: value
        for name, value in rule.get("Expiration", {}).items()
    }
    return {
        **_convert(others),
        **expiration,
        **({"Prefix": selected["Prefix"]} if "Prefix" in selected else {}),
        **({"TagFilters": tags} if tags else {}),
    }


def _logging(document: Document) -> Document:
    target = document["BucketLoggingStatus"]["LoggingEnabled"]
    return {
        "DestinationBucketName": target["TargetBucket"],
        "LogFilePrefix": target["TargetPrefix"],
    }


def _member(name: str, kind: str) -> Callable[[Documents], Document]:
    return lambda documents: {name: _convert(documents[kind])}


_DISTRIBUTION_RESOURCES: dict[str, tuple[str, str, Callable[[Documents], Document]]] = {
    CERTIFICATE: ("Certificate", "AWS::CertificateManager::Certificate", _certificate),
    CACHE_POLICY: (
        "CachePolicy",
        "AWS::CloudFront::CachePolicy",
        _member("CachePolicyConfig", CACHE_POLICY),
    ),
    ACCESS_CONTROL: (
        "OriginAccessControl",
        "AWS::CloudFront::OriginAccessControl",
        _member("OriginAccessControlConfig", ACCESS_CONTROL),
    ),
    PUBLIC_KEY: (
        "PublicKey",
        "AWS::CloudFront::PublicKey",
        _member("PublicKeyConfig", PUBLIC_KEY),
    ),
    KEY_GROUP: ("KeyGroup", "AWS::CloudFront::KeyGroup", _member("KeyGroupConfig", KEY_GROUP)),
    DISTRIBUTION: ("Distribution", "AWS::CloudFront::Distribution", _distribution),
    DNS_RECORDS: ("DnsRecords", "AWS::Route53::RecordSetGroup", _record_set_group),
}
_BUCKET_PROPERTIES: dict[str, tuple[str, Callable[[Document], Any]]] = {
    PUBLIC_ACCESS_BLOCK.name: ("PublicAccessBlockConfiguration", dict),
    OWNERSHIP.name: ("OwnershipControls", dict),
    WEBSITE.name: ("WebsiteConfiguration", _website),
    CORS.name: (
        "CorsConfiguration",
        lambda document: {"CorsRules": _convert(document["CORSRules"])},
    ),
    LIFECYCLE.name: ("LifecycleConfiguration", _lifecycle),
    LOGGING.name: ("LoggingConfiguration", _logging),
    TAGS.name: ("Tags", lambda document: document["TagSet"]),
}
