"""When resizes expire: a rule of the bucket's lifecycle."""

from django_shift_media.aws.common import Conflict, Document, put
from django_shift_media.storages.s3 import RESIZE_TAG


def merge_lifecycle(
    current: Document | None, rule_id: str, days: int, prefix: str = ""
) -> Document | None:
    """
    Put the rule that deletes resizes after so many days in place of ours; 0 days: no rule.

    Rules know prefixes, tags and sizes of objects, and nothing else of their names: resizes,
    which lie beside their originals, are told by the tag that the storage puts on them.
    """
    if days < 0:
        raise ValueError(f"Resizes would expire after {days} days, must be 0 or more.")
    rules = (current or {}).get("Rules", [])
    ours = [_rule(rule_id, days, prefix)] if days else []
    if ours and (old := [rule for rule in rules if "Filter" not in rule]):
        raise Conflict(
            f"The bucket's lifecycle rule {old[0].get('ID', '')!r} is of the old form, without a"
            " Filter, that S3 does not keep beside others: give it a Filter with its Prefix."
        )
    rules = put(rules, ours, lambda other: other.get("ID") == rule_id)
    return {**(current or {}), "Rules": rules} if rules else None


def _rule(rule_id: str, days: int, prefix: str) -> Document:
    name, value = RESIZE_TAG
    tag = {"Key": name, "Value": value}
    return {
        "ID": rule_id,
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": prefix, "Tags": [tag]}} if prefix else {"Tag": tag},
        "Expiration": {"Days": days},
        # In a bucket with versions, what has expired would stay as a former version.
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
