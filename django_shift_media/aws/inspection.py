"""What a bucket's configuration says about who sees it: read only, as far as one may."""

import json
from collections.abc import Callable
from typing import Any

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from django_shift_media.aws.evaluation import BucketConfiguration
from django_shift_media.aws.documents import Document
from django_shift_media.s3 import S3MediaStorage, http_status


def inspect(storage: S3MediaStorage) -> BucketConfiguration:
    """Read what decides who may read the bucket, and what is done about what is missing."""
    client, bucket = storage.client, storage.bucket_name
    return BucketConfiguration(
        account_block=_read(lambda: _account_block(storage)),
        block=_read(
            lambda: client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        ),
        policy=_read(lambda: json.loads(client.get_bucket_policy(Bucket=bucket)["Policy"])),
        website=_read(lambda: client.get_bucket_website(Bucket=bucket)),
    )


def failure_code(error: BaseException | None) -> str:
    """Return what S3 calls the error behind a failure, or boto3 if it is not from S3."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__


def _account_block(storage: S3MediaStorage) -> Any:
    if storage.endpoint_url:  # not AWS: there is no account
        return {}
    session: Session = storage._create_session()
    config = storage.client_config
    plain = config.merge(Config(signature_version="v4"))  # the other is for S3 only
    sts = session.client("sts", region_name=storage.region, config=plain)
    account = sts.get_caller_identity()["Account"]
    control = session.client("s3control", region_name=storage.region, config=config)
    return control.get_public_access_block(AccountId=account)["PublicAccessBlockConfiguration"]


def _read(read: Callable[[], Any]) -> Document | None:
    try:
        return dict(read())
    except ClientError as error:
        # NoSuchBucketPolicy and its like: never set.
        is_unset = http_status(error) == 404 and error.response["Error"]["Code"] != "NoSuchBucket"
        return {} if is_unset else None
    except (BotoCoreError, ValueError):
        return None
