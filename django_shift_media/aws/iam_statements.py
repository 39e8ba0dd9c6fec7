"""Building blocks of IAM policies, and the validation of option values in them."""

import re
from collections.abc import Iterable

from django_shift_media.aws.common import POLICY_VERSION, Document, bucket_arn
from django_shift_media.storages.s3 import S3MediaStorage


def policy_document(statements: Iterable[Document]) -> Document:
    return {"Version": POLICY_VERSION, "Statement": list(statements)}


def allow(actions: Iterable[str], resource: str | list[str]) -> Document:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def bucket_arn_of(storage: S3MediaStorage) -> str:
    """Return the ARN of the storage's bucket."""
    return bucket_arn(storage.bucket_name, storage.region)


def object_arns(storage: S3MediaStorage, pattern: str = "*") -> str:
    """Return the ARN of the storage's objects; ``*`` and ``?`` in it are wildcards."""
    return f"{bucket_arn_of(storage)}/{storage.prefix}{pattern}"


def validate_option(option: str, value: str | None, pattern: str, expected: str) -> str:
    """Return the value of an option; raise ``ValueError`` if it is missing or does not match."""
    if value is None:
        raise ValueError(f"{option} is required: {expected}.")
    if not re.fullmatch(pattern, value, re.ASCII):
        raise ValueError(f"Invalid {option} {value!r}, must be {expected}.")
    return value
