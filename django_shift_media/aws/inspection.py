"""Read a bucket's configuration, for diagnostics. Nothing is changed."""

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from django_shift_media.aws.common import Document, NotSupported
from django_shift_media.aws.policy_evaluation import BucketConfiguration
from django_shift_media.aws.subresources import POLICY, PUBLIC_ACCESS_BLOCK, WEBSITE
from django_shift_media.storages.s3 import S3MediaStorage, http_status


def read_bucket_configuration(storage: S3MediaStorage) -> BucketConfiguration:
    """Read the documents that control read access and redirects."""
    client, bucket = storage.client, storage.bucket_name
    return BucketConfiguration(
        account_block=_read_or_none(lambda: _account_block(storage)),
        block=_read_or_none(lambda: PUBLIC_ACCESS_BLOCK.read(client, bucket)),
        policy=_read_or_none(lambda: POLICY.read(client, bucket)),
        website=_read_or_none(lambda: WEBSITE.read(client, bucket)),
    )


def error_code(error: BaseException | None) -> str:
    """Return S3's error code, or the name of the exception if S3 did not answer."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__


def _account_block(storage: S3MediaStorage) -> Document | None:
    if storage.endpoint_url:  # other servers have no account-level block
        return None
    account = storage.aws_client("sts").get_caller_identity()["Account"]
    control = storage.aws_client("s3control")
    try:
        response = control.get_public_access_block(AccountId=account)
    except ClientError as error:
        if http_status(error) == 404:
            return None
        raise
    block: Document = response["PublicAccessBlockConfiguration"]
    return block


def _read_or_none(read: Callable[[], Document | None]) -> Document | None:
    """Return {} if nothing is configured, and None if the document cannot be read."""
    try:
        return read() or {}
    except (BotoCoreError, ClientError, NotSupported, ValueError):
        return None
