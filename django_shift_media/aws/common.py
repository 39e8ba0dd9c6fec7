"""
Names, errors and list helpers that all AWS documents share.

Documents have the shapes that boto3's clients use. Settings that this package did not write are
never changed or removed.
"""

import re
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django_shift_media.storages.aws_partitions import is_aws_host, partition_of

Document = dict[str, Any]

POLICY_VERSION = "2012-10-17"  # version of the policy language


class Conflict(Exception):
    """The existing configuration rules out ours; the message says which part of it."""


class NotYet(Exception):
    """A resource must wait for something outside of the plan; the message says for what."""


class NotSupported(Exception):
    """The server does not implement a resource; the message gives its answer."""


def name_storage(text: str, alias: str | None) -> str:
    """Add ``--storage`` to the commands that a text for the user mentions, if there is an alias."""
    return re.sub(r"manage\.py \w+", rf"\g<0> --storage {alias}", text) if alias else text


def our_id(prefix: str = "") -> str:
    """
    Return the id of the statements and rules that this package writes for a storage.

    It contains the storage's prefix, because several storages may share a bucket. A policy's Sid
    allows ASCII letters and digits only; if the prefix has other characters, a checksum of the
    prefix keeps the id unique.
    """
    location = prefix.rstrip("/")
    letters = "".join(re.findall("[A-Za-z0-9]", location))
    checksum = "" if letters == location else f"{zlib.crc32(location.encode()):08x}"
    return f"DjangoShiftMedia{letters}{checksum}"


def partition(region: str) -> str:
    """Return the partition that the ARNs of a region begin with, such as "aws-cn"."""
    return partition_of(region).name


def is_aws(endpoint_url: str) -> bool:
    """Return whether an endpoint belongs to AWS, rather than to another S3-compatible server."""
    host = urlsplit(endpoint_url).hostname or ""
    return is_aws_host(host)


def bucket_arn(bucket: str, region: str) -> str:
    return f"arn:{partition(region)}:s3:::{bucket}"


def statements_of(policy: Document | None) -> list[Document]:
    statements: list[Document] = as_list((policy or {}).get("Statement", []))
    return statements


def as_list(value: Any) -> list[Any]:
    """Return a list: policies may hold a single value in place of a list of one."""
    return value if isinstance(value, list) else [value]


def replace_ours(
    current: list[Document], ours: list[Document], is_ours: Callable[[Document], bool]
) -> list[Document]:
    """Replace our former items by ``ours``, at the position of the first, or append them."""
    others = [item for item in current if not is_ours(item)]
    positions = [index for index, item in enumerate(current) if is_ours(item)]
    position = positions[0] if positions else len(others)
    return [*others[:position], *ours, *others[position:]]
