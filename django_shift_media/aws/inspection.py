"""Read a bucket's configuration, for diagnostics. Nothing is changed."""

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from django_shift_media.aws.clients import s3_client
from django_shift_media.aws.common import Conflict, Document, NotSupported
from django_shift_media.aws.obstacles import account_block, kms_key
from django_shift_media.aws.policy_evaluation import BucketConfiguration
from django_shift_media.aws.subresources import POLICY, PUBLIC_ACCESS_BLOCK, WEBSITE
from django_shift_media.storages.s3 import S3MediaStorage


def read_bucket_configuration(storage: S3MediaStorage) -> BucketConfiguration:
    """Read the documents that control read access and redirects."""
    client, bucket = s3_client(storage), storage.bucket_name
    return BucketConfiguration(
        account_block=_read_or_none(lambda: account_block(storage)),
        block=_read_or_none(lambda: PUBLIC_ACCESS_BLOCK.read(client, bucket)),
        policy=_read_or_none(lambda: POLICY.read(client, bucket)),
        website=_read_or_none(lambda: WEBSITE.read(client, bucket)),
        kms_key=kms_key(client, bucket),
    )


def error_code(error: BaseException | None) -> str:
    """Return S3's error code, or the name of the exception if S3 did not answer."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__


def _read_or_none(read: Callable[[], Document | None]) -> Document | None:
    """Return {} if nothing is configured, and None if the document cannot be read."""
    try:
        return read() or {}
    except (BotoCoreError, ClientError, Conflict, NotSupported, ValueError):
        return None
