"""
What the documents of AWS have in common: how they are named, joined and refused.

Documents have the shapes of boto3's clients. What others have put into them stays.
"""

import re
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

Document = dict[str, Any]

POLICY_VERSION = "2012-10-17"  # of the language that policies are written in


class Conflict(Exception):
    """A configuration of others that ours cannot live beside; the message says which."""


class NotYet(Exception):
    """A part has to wait for something outside of the plan; the message says for what."""


class NotSupported(Exception):
    """A server that does not know of a part; the message says how that shows."""


def our_id(prefix: str = "") -> str:
    """
    Return the name of all that is ours: the Sid of statements, the ID of rules.

    ``prefix`` is the storage's: two storages may share a bucket. A Sid has letters and digits
    of ASCII only; what is left out of the prefix for that is in a checksum.
    """
    location = prefix.rstrip("/")
    letters = "".join(re.findall("[A-Za-z0-9]", location))
    checksum = "" if letters == location else f"{zlib.crc32(location.encode()):08x}"
    return f"DjangoShiftMedia{letters}{checksum}"


def partition(region: str) -> str:
    """Return the second part of the ARNs of a region."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def is_aws(endpoint_url: str) -> bool:
    """Say whether an endpoint is AWS's own, and no other server that speaks S3."""
    host = urlsplit(endpoint_url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def bucket_arn(bucket: str, region: str) -> str:
    return f"arn:{partition(region)}:s3:::{bucket}"


def statements_of(policy: Document | None) -> list[Document]:
    statements: list[Document] = listed((policy or {}).get("Statement", []))
    return statements


def listed(value: Any) -> list[Any]:
    """Return the list that a single value may stand for in a policy."""
    return value if isinstance(value, list) else [value]


def put(
    others: list[Document], ours: list[Document], is_ours: Callable[[Document], bool]
) -> list[Document]:
    """Return the list with what was ours replaced by ``ours``, at the place of the first."""
    kept = [other for other in others if not is_ours(other)]
    places = [index for index, other in enumerate(others) if is_ours(other)]
    place = places[0] if places else len(kept)
    return [*kept[:place], *ours, *kept[place:]]
