"""Convert documents of AWS to values of Terraform's AWS provider: pure functions."""

from collections.abc import Mapping
from typing import Any

from botocore import xform_name

# Of these, the provider repeats a block; others it calls by the same names as AWS.
_NAMES = {
    "CORSRules": "cors_rule",
    "CustomErrorResponses": "custom_error_response",
    "CustomHeaders": "custom_header",
    "HeaderName": "name",
    "HeaderValue": "value",
    "Id": "origin_id",
    "Logging": "logging_config",
    "Members": "member",
    "OriginGroups": "origin_group",
    "Origins": "origin",
    "RoutingRules": "routing_rule",
    "Rules": "rule",
}


def expression(text: str, references: Mapping[str, str]) -> str:
    """Escape what Terraform would evaluate, and put references in the place of their texts."""
    escaped = text.replace("${", "$${").replace("%{", "%%{")
    for placeholder, reference in references.items():
        escaped = escaped.replace(placeholder, f"${{{reference}}}")
    return escaped


def convert(value: Any, references: Mapping[str, str]) -> Any:
    """Convert a document: names in snake case, and collections without their number of items."""
    if isinstance(value, str):
        return expression(value, references)
    if isinstance(value, list):
        return [convert(item, references) for item in value]
    if not isinstance(value, dict):
        return value
    if "Quantity" in value:
        return convert(value.get("Items", []), references)
    return {
        _NAMES.get(name) or xform_name(name): convert(member, references)
        for name, member in value.items()
    }
