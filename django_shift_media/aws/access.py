"""Build the documents that control read access: bucket policy, public access block and CORS."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from django_shift_media.aws.common import (
    POLICY_VERSION,
    Conflict,
    Document,
    as_list,
    bucket_arn,
    our_id,
    replace_ours,
    statements_of,
)
from django_shift_media.aws.policy_comparison import canonical_statement
from django_shift_media.aws.policy_evaluation import is_conditional, is_for_anyone
from django_shift_media.naming.keys import SIGNATURE_LENGTH

BLOCK_SETTINGS = (
    "BlockPublicAcls",
    "IgnorePublicAcls",
    "BlockPublicPolicy",
    "RestrictPublicBuckets",
)
# These two prevent bucket policies that grant public access.
_POLICY_BLOCKS = ("BlockPublicPolicy", "RestrictPublicBuckets")

_DISTRIBUTION_ARN = re.compile(r"arn:[\w-]+:cloudfront::[0-9]{12}:distribution/[A-Z0-9]+")

# Matches the key of every original and of every resize: a UUID in parts, and two more parts. Other
# files in the bucket, such as dumps of a database, do not have such names.
_FOLDER = "????????/????/????/????/????????????/*"
MEDIA_PATTERN = f"{_FOLDER}/*"
# These match keys of resizes, renditions and posters, and of no original, which never ends with a
# dash, a signature and an extension (see naming/keys.py). They spell out all dashes, because Ceph
# ends an asterisk at the first character that matches what follows it.
_SIGNATURE = "?" * SIGNATURE_LENGTH
_SIGNED = f"-{_SIGNATURE}.*"
RESIZE_PATTERN = f"{_FOLDER}/*x*-*-*-*{_SIGNED}"
GENERATED_PATTERNS = (
    RESIZE_PATTERN,
    f"{_FOLDER}/video-*-*{_SIGNED}",
    f"{_FOLDER}/video-hls-*-*-{_SIGNATURE}/*",
    f"{_FOLDER}/poster-*{_SIGNED}",
)

# Seconds that browsers may cache a preflight response: the limit of Firefox, the highest of all.
CORS_MAX_AGE = 86_400


def read_statement(
    bucket: str,
    prefix: str = "",
    *,
    private_originals: bool = False,
    region: str = "",
    distribution: str | None = None,
) -> Document:
    """
    Return the policy statement that allows reading all media, or only resizes, and nothing else.

    It allows everyone, or only the CloudFront distribution with the given ARN, which uses origin
    access control:
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    objects = f"{bucket_arn(bucket, region)}/{prefix}"
    statement: Document = {
        "Sid": our_id(prefix),
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": [f"{objects}{pattern}" for pattern in GENERATED_PATTERNS]
        if private_originals
        else f"{objects}{MEDIA_PATTERN}",
    }
    if distribution is None:
        return statement
    return {
        **statement,
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Condition": {"StringEquals": {"AWS:SourceArn": distribution}},
    }


def our_statement(policy: Document | None, sid: str) -> Document:
    """Return our statement of a policy, or {} if it has none."""
    statements = statements_of(policy)
    return next((statement for statement in statements if statement.get("Sid") == sid), {})


def keeps_originals_private(statement: Document) -> bool:
    resources = as_list(statement.get("Resource", []))
    return bool(resources) and all(resource.endswith(GENERATED_PATTERNS) for resource in resources)


def distribution_of(statement: Document) -> str | None:
    """Return the ARN of the distribution that our statement allows to read, if any."""
    conditions = canonical_statement(statement).get("Condition", {}).get("StringEquals", {})
    arns: list[str] = conditions.get("aws:sourcearn", [])
    return arns[0] if arns else None


def merge_policy(current: Document | None, sid: str, ours: list[Document]) -> Document | None:
    """Replace the statements with our Sid, or append ours; return None if no statement is left."""
    statements = replace_ours(
        statements_of(current), ours, lambda statement: statement.get("Sid") == sid
    )
    if not statements:
        return None
    return {**(current or {"Version": POLICY_VERSION}), "Statement": statements}


def check_not_public(policy: Document | None) -> None:
    """Raise ``Conflict`` if a policy grants anything to everyone."""
    for statement in statements_of(policy):
        is_open = is_for_anyone(statement) and not is_conditional(statement)
        if is_open and statement["Effect"] == "Allow":
            raise Conflict(
                "The bucket's policy grants public access in its statement"
                f" {statement.get('Sid', statement)!r}. Remove that statement, or use --mode"
                " website."
            )


def lift_blocks(current: Document | None) -> Document | None:
    """Turn off the two settings that prevent a public policy; those about ACLs stay."""
    return current and {**current, **dict.fromkeys(_POLICY_BLOCKS, False)}


def restore_blocks(current: Document | None) -> Document | None:
    """Turn all four settings on again if they are as ``lift_blocks`` leaves AWS's default."""
    blocked = dict.fromkeys(BLOCK_SETTINGS, True)
    return blocked if current == lift_blocks(blocked) else current


def block_all(current: Document | None) -> Document:
    return {**(current or {}), **dict.fromkeys(BLOCK_SETTINGS, True)}


def check_distribution_arn(arn: str) -> None:
    """Raise ``ValueError`` for anything but the ARN of a CloudFront distribution."""
    if not _DISTRIBUTION_ARN.fullmatch(arn):
        raise ValueError(
            f"Invalid ARN of a distribution {arn!r}. Use one such as"
            " 'arn:aws:cloudfront::123456789012:distribution/E1A2B3C4D5E6F7'."
        )


def parse_origins(values: Sequence[str]) -> list[str]:
    """
    Return the origins whose scripts may read media; an empty list for "none".

    Raise ``ValueError`` for a value that browsers never send in the ``Origin`` header.
    """
    if list(values) == ["none"]:
        return []
    for value in values:
        parts = urlsplit(value)
        is_origin = parts.scheme and parts.netloc and value == f"{parts.scheme}://{parts.netloc}"
        if not (is_origin or value == "*"):
            raise ValueError(
                f"Invalid origin {value!r}. Use a scheme and a host, such as"
                " 'https://www.example.com', or '*'."
            )
    return list(values)


def merge_cors(current: Document | None, rule_id: str, origins: Sequence[str]) -> Document | None:
    """Replace our CORS rule by one for these origins; remove it if there are none."""
    ours: list[Document] = [
        {
            "ID": rule_id,
            "AllowedMethods": ["GET", "HEAD"],
            "AllowedOrigins": sorted(set(origins)),  # some servers return them in another order
            "MaxAgeSeconds": CORS_MAX_AGE,
        }
    ]
    return replace_cors_rule(current, rule_id, ours if origins else [])


def replace_cors_rule(
    current: Document | None, rule_id: str, ours: list[Document]
) -> Document | None:
    rules = (current or {}).get("CORSRules", [])
    rules = replace_ours(rules, ours, lambda rule: rule.get("ID") == rule_id)
    return {"CORSRules": rules} if rules else None
