"""What a bucket's configuration says about who sees it: read only, as far as one may."""

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from django_shift_media.aws.common import Document, NotSupported
from django_shift_media.aws.policy_evaluation import BucketConfiguration
from django_shift_media.aws.subresources import POLICY, PUBLIC_ACCESS_BLOCK, WEBSITE
from django_shift_media.storages.s3 import S3MediaStorage, http_status


def inspect(storage: S3MediaStorage) -> BucketConfiguration:
    """Read what decides who may read the bucket, and what is done about what is missing."""
    client, bucket = storage.client, storage.bucket_name
    return BucketConfiguration(
        account_block=_known(lambda: _account_block(storage)),
        block=_known(lambda: PUBLIC_ACCESS_BLOCK.read(client, bucket)),
        policy=_known(lambda: POLICY.read(client, bucket)),
        website=_known(lambda: WEBSITE.read(client, bucket)),
    )


def failure_code(error: BaseException | None) -> str:
    """Return what S3 calls the error behind a failure, or boto3 if it is not from S3."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__


def _account_block(storage: S3MediaStorage) -> Document | None:
    if storage.endpoint_url:  # not AWS: there is no account
        return None
    account = storage.aws_client("sts").get_caller_identity()["Account"]
    control = storage.aws_client("s3control")
    try:
        answer = control.get_public_access_block(AccountId=account)
    except ClientError as error:
        if http_status(error) == 404:
            return None
        raise
    block: Document = answer["PublicAccessBlockConfiguration"]
    return block


def _known(read: Callable[[], Document | None]) -> Document | None:
    """Return {} for what is not set, and None for what cannot be known."""
    try:
        return read() or {}
    except (BotoCoreError, ClientError, NotSupported, ValueError):
        return None
