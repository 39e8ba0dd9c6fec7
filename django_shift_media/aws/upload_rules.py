"""The rules of a bucket that takes uploads of browsers: who may upload, and for how long."""

from collections.abc import Sequence

from django_shift_media.aws.access import CORS_MAX_AGE, replace_cors_rule
from django_shift_media.aws.common import Document
from django_shift_media.aws.lifecycle import replace_rules

# Days after which an upload that was not completed is deleted; the tokens live for one.
_ABORT_DAYS = 7


def merge_upload_cors(
    current: Document | None, our_id: str, origins: Sequence[str]
) -> Document | None:
    """Replace our CORS rule by one that lets pages of these origins upload; or remove it."""
    rule: Document = {
        "ID": _rule_id(our_id),
        "AllowedMethods": ["PUT"],
        "AllowedOrigins": sorted(set(origins)),
        # Ours sends no header, and reads only when to try again; other scripts do more.
        "AllowedHeaders": ["content-type"],
        "ExposeHeaders": ["ETag", "Retry-After"],
        "MaxAgeSeconds": CORS_MAX_AGE,
    }
    return replace_cors_rule(current, rule["ID"], [rule] if origins else [])


def merge_upload_lifecycle(
    current: Document | None, our_id: str, origins: Sequence[str], prefix: str = ""
) -> Document | None:
    """
    Replace our rule by one that aborts uploads after some days; remove it without origins.

    Their parts are billed, but not listed among the objects. A rule that selects a tag cannot do
    so, hence this one of its own; and Cloudflare R2 refuses a rule without an ID.
    """
    rule: Document = {
        "ID": _rule_id(our_id),
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _ABORT_DAYS},
    }
    return replace_rules(current, {rule["ID"]}, [rule] if origins else [])


def _rule_id(our_id: str) -> str:
    return f"{our_id}-uploads"
