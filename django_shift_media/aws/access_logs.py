"""Access logs of a bucket and of a distribution, in another bucket: pure functions."""

import re
from typing import NamedTuple

from django_shift_media.aws.common import Conflict, Document
from django_shift_media.storages.aws_partitions import partition_of

_TARGET = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/(?P<prefix>.*))?")
_OFF = "none"


class LogTarget(NamedTuple):
    """The bucket for access logs, and the prefix of their keys; an empty bucket turns them off."""

    bucket: str
    prefix: str


def parse_log_target(text: str, media_bucket: str) -> LogTarget:
    """Parse "BUCKET", "BUCKET/PREFIX" or "none"; raise ``Conflict`` or ``ValueError``."""
    if text == _OFF:
        return LogTarget("", "")
    found = _TARGET.fullmatch(text)
    if not found:
        raise ValueError(
            f"Invalid bucket for access logs {text!r}. Use BUCKET or BUCKET/PREFIX, such as"
            " 'example-logs/media/', or 'none'."
        )
    if found["bucket"] == media_bucket:
        raise Conflict(
            f"Access logs would be written to the media bucket {media_bucket!r} itself. Use another"
            " bucket."
        )
    return LogTarget(found["bucket"], found["prefix"] or "")


def bucket_logging(target: LogTarget) -> Document:
    """Return the arguments of PutBucketLogging."""
    if not target.bucket:
        return {"BucketLoggingStatus": {}}
    enabled = {"TargetBucket": target.bucket, "TargetPrefix": target.prefix}
    return {"BucketLoggingStatus": {"LoggingEnabled": enabled}}


def distribution_logging(target: LogTarget, region: str) -> Document:
    """Return the member ``Logging`` of a distribution's configuration."""
    host = f"{target.bucket}.s3.{partition_of(region).domain}" if target.bucket else ""
    return {
        "Enabled": bool(target.bucket),
        "IncludeCookies": False,
        "Bucket": host,
        "Prefix": target.prefix,
    }
