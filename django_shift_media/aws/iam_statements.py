"""The words that policies of IAM are made of."""

import re
from collections.abc import Iterable

from django_shift_media.aws.common import POLICY_VERSION, Document, bucket_arn
from django_shift_media.storages.s3 import S3MediaStorage


def policy(statements: Iterable[Document]) -> Document:
    return {"Version": POLICY_VERSION, "Statement": list(statements)}


def allow(actions: Iterable[str], resource: str) -> Document:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def bucket(storage: S3MediaStorage) -> str:
    """Return the bucket's ARN."""
    return bucket_arn(storage.bucket_name, storage.region)


def objects(storage: S3MediaStorage, pattern: str = "*") -> str:
    """Return the ARN of the storage's objects, in which ``*`` and ``?`` stand for others."""
    return f"{bucket(storage)}/{storage.prefix}{pattern}"


def checked(option: str, value: str | None, pattern: str, wanted: str) -> str:
    """Return the value of an option; raise ``ValueError`` if it is missing or does not match."""
    if value is None:
        raise ValueError(f"{option} is missing, must be {wanted}.")
    if not re.fullmatch(pattern, value, re.ASCII):
        raise ValueError(f"{option} is {value!r}, must be {wanted}.")
    return value
