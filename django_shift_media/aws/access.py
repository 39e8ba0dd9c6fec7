"""Who may read a media bucket: its policy, public access block, object ownership and CORS."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django_shift_media.aws.common import (
    POLICY_VERSION,
    Conflict,
    Document,
    bucket_arn,
    our_id,
    put,
    statements_of,
)
from django_shift_media.aws.policy_evaluation import is_conditional, is_for_anyone
from django_shift_media.naming.keys import SIGNATURE_LENGTH

BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
# These two keep a bucket's policy from letting anyone read.
_LIFTED = ("BlockPublicPolicy", "RestrictPublicBuckets")

# A dash, a signature, a dot: no original's key ends so (see keys.py), every resize's does.
RESIZES = "????????/????/????/????/????????????/*/*x*-*-*-*-" + "?" * SIGNATURE_LENGTH + ".*"

_CORS_SECONDS = 86_400  # for which a browser may keep the answer: the most that any keeps


def read_statement(
    bucket: str,
    prefix: str = "",
    *,
    private_originals: bool = False,
    region: str = "",
    distribution: str | None = None,
) -> Document:
    """
    Return the policy statement that lets media be read, or only resizes.

    It lets anyone, or with its ARN one CloudFront distribution, by origin access control:
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    objects = RESIZES if private_originals else "*"
    statement: Document = {
        "Sid": our_id(prefix),
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"{bucket_arn(bucket, region)}/{prefix}{objects}",
    }
    if distribution is None:
        return statement
    return {
        **statement,
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Condition": {"StringEquals": {"AWS:SourceArn": distribution}},
    }


def own_statement(policy: Document | None, sid: str) -> Document:
    """Return our statement of a policy; an empty one if there is none."""
    return next((one for one in statements_of(policy) if one.get("Sid") == sid), {})


def keeps_originals_private(statement: Document) -> bool:
    return str(statement.get("Resource", "")).endswith(RESIZES)


def distribution_of(statement: Document) -> str | None:
    """Return the ARN of the distribution that a statement of ours lets read."""
    arn: str | None = statement.get("Condition", {}).get("StringEquals", {}).get("AWS:SourceArn")
    return arn


def merge_policy(current: Document | None, sid: str, ours: list[Document]) -> Document | None:
    """Put our statements where those of our Sid are, or at the end; None if none are left."""
    statements = put(statements_of(current), ours, lambda other: other.get("Sid") == sid)
    if not statements:
        return None
    return {**(current or {"Version": POLICY_VERSION}), "Statement": statements}


def refuse_public(policy: Document | None) -> None:
    """Raise ``Conflict`` if a policy lets anyone do anything."""
    for statement in statements_of(policy):
        is_open = is_for_anyone(statement) and not is_conditional(statement)
        if is_open and statement["Effect"] == "Allow":
            raise Conflict(
                f"The bucket's policy lets anyone in, by its statement"
                f" {statement.get('Sid', statement)!r}: a private bucket's must not."
            )


def lift_blocks(current: Document | None) -> Document | None:
    """Lift the two blocks that stand in a public statement's way; those of ACLs stay."""
    return current and {**current, **dict.fromkeys(_LIFTED, False)}


def restore_blocks(current: Document | None) -> Document | None:
    """Put back what ``lift_blocks`` makes of the blocks that AWS gives a new bucket."""
    blocked = dict.fromkeys(BLOCKS, True)
    return blocked if current == lift_blocks(blocked) else current


def block_all(current: Document | None) -> Document:
    return {**(current or {}), **dict.fromkeys(BLOCKS, True)}


def parse_origins(values: Sequence[str]) -> list[str]:
    """
    Return the origins that may read by script; none for "none".

    Raise ``ValueError`` for what a browser would never send as its ``Origin``.
    """
    if list(values) == ["none"]:
        return []
    for value in values:
        parts = urlsplit(value)
        is_origin = parts.scheme and parts.netloc and value == f"{parts.scheme}://{parts.netloc}"
        if not (is_origin or value == "*"):
            raise ValueError(
                f"The origin is {value!r}, must be as in 'https://www.example.com', or '*'."
            )
    return list(values)


def merge_cors(current: Document | None, rule_id: str, origins: Sequence[str]) -> Document | None:
    """Put the rule that lets scripts of these origins read media in place of ours."""
    ours: list[Document] = [
        {
            "ID": rule_id,
            "AllowedMethods": ["GET", "HEAD"],
            "AllowedOrigins": sorted(set(origins)),  # a set to some servers
            "MaxAgeSeconds": _CORS_SECONDS,
        }
    ]
    rules = (current or {}).get("CORSRules", [])
    rules = put(rules, ours if origins else [], lambda other: other.get("ID") == rule_id)
    return {"CORSRules": rules} if rules else None
