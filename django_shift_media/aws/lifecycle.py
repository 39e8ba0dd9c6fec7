"""Build the lifecycle rules that delete old resizes."""

from collections.abc import Collection

from django_shift_media.aws.common import Conflict, Document, replace_ours
from django_shift_media.storages.s3 import RESIZE_TAG


def merge_lifecycle(
    current: Document | None, rule_id: str, days: int, prefix: str = ""
) -> Document | None:
    """
    Replace our rules by those that delete resizes after ``days`` days; 0 removes them.

    A rule can select objects by prefix, tag and size only. Resizes lie beside their originals, so
    the first rule selects the tag that the storage puts on resizes.
    """
    if days < 0:
        raise ValueError(f"Invalid number of days {days}. Use 1 or more, or 0 to disable expiry.")
    ours = [_expiry(rule_id, days, prefix), _cleanup(rule_id, prefix)] if days else []
    return replace_rules(current, {rule_id, _cleanup_id(rule_id)}, ours)


def replace_rules(
    current: Document | None, ids: Collection[str], ours: list[Document]
) -> Document | None:
    """Replace the rules with these IDs, or append ours; return None if no rule is left."""
    rules = (current or {}).get("Rules", [])
    others = [rule for rule in rules if rule.get("ID") not in ids]
    if ours and (old := [rule for rule in others if "Filter" not in rule]):
        raise Conflict(
            f"The bucket's lifecycle rule {old[0].get('ID', '')!r} has a Prefix outside of a"
            " Filter, a form that S3 does not accept beside rules with a Filter. Move its Prefix"
            " into a Filter."
        )
    rules = replace_ours(rules, ours, lambda rule: rule.get("ID") in ids)
    return {**(current or {}), "Rules": rules} if rules else None


def _expiry(rule_id: str, days: int, prefix: str) -> Document:
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


def _cleanup(rule_id: str, prefix: str) -> Document:
    """
    Return the rule that removes delete markers with nothing behind them.

    In a versioned bucket, expiry leaves such a marker for each resize. A marker has no tags, and S3
    accepts this action neither with a tag nor with days, so it is a rule of its own:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    """
    return {
        "ID": _cleanup_id(rule_id),
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    }


def _cleanup_id(rule_id: str) -> str:
    return f"{rule_id}DeleteMarkers"


def is_same_lifecycle(one: Document | None, other: Document | None) -> bool:
    """Return whether two documents mean the same: servers write filters in several forms."""
    return _normalized(one) == _normalized(other)


def _normalized(lifecycle: Document | None) -> Document | None:
    if lifecycle is None:
        return None
    return {**lifecycle, "Rules": [_normalized_rule(rule) for rule in lifecycle["Rules"]]}


def _normalized_rule(rule: Document) -> Document:
    """Return a rule with a flat filter, as Ceph answers (seen with 16.2)."""
    rule = dict(rule)
    selected = rule.pop("Filter", {})
    selected = {"Prefix": rule.pop("Prefix", ""), **selected, **selected.get("And", {})}
    selected.pop("And", None)
    tags = [*selected.pop("Tags", []), *filter(None, [selected.pop("Tag", None)])]
    return {**rule, "Filter": {**selected, "Tags": tags}}
