"""Build the lifecycle rules: delete old resizes, and uploads that were not completed."""

from django_shift_media.aws.common import Conflict, Document, replace_ours
from django_shift_media.storages.s3 import RESIZE_TAG


def merge_lifecycle(
    current: Document | None, rule_id: str, days: int, prefix: str = ""
) -> Document | None:
    """
    Replace our rule by one that deletes resizes after ``days`` days; 0 removes it.

    A rule can select objects by prefix, tag and size only. Resizes lie beside their originals, so
    the rule selects the tag that the storage puts on resizes.
    """
    if days < 0:
        raise ValueError(f"Invalid number of days {days}. Use 1 or more, or 0 to disable expiry.")
    return _replace_rule(current, rule_id, [_rule(rule_id, days, prefix)] if days else [])


def merge_upload_lifecycle(
    current: Document | None, rule_id: str, days: int, prefix: str = ""
) -> Document | None:
    """
    Replace our rule by one that aborts uploads after ``days`` days; 0 removes it.

    Their parts are billed, but not listed among the objects. A rule that selects a tag cannot do
    so, hence this one of its own; and Cloudflare R2 refuses a rule without an ID.
    """
    rule: Document = {
        "ID": rule_id,
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
    }
    return _replace_rule(current, rule_id, [rule] if days else [])


def _replace_rule(current: Document | None, rule_id: str, ours: list[Document]) -> Document | None:
    rules = (current or {}).get("Rules", [])
    if ours and (old := [rule for rule in rules if "Filter" not in rule]):
        raise Conflict(
            f"The bucket's lifecycle rule {old[0].get('ID', '')!r} has a Prefix outside of a"
            " Filter, a form that S3 does not accept beside rules with a Filter. Move its Prefix"
            " into a Filter."
        )
    rules = replace_ours(rules, ours, lambda rule: rule.get("ID") == rule_id)
    return {**(current or {}), "Rules": rules} if rules else None


def _rule(rule_id: str, days: int, prefix: str) -> Document:
    name, value = RESIZE_TAG
    tag = {"Key": name, "Value": value}
    return {
        "ID": rule_id,
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": prefix, "Tags": [tag]}} if prefix else {"Tag": tag},
        "Expiration": {"Days": days},
        # In a versioned bucket, an expired object stays as a noncurrent version.
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
