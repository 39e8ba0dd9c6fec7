"""Tell what an S3 server does not implement from what it does not allow."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from django_shift_media.aws.common import Conflict, NotSupported, is_aws
from django_shift_media.storages.s3 import http_status

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Error codes of S3 servers for calls that they do not implement. Some (seen with s3rver 3.7) treat
# an unknown PUT on a bucket as CreateBucket, and answer "BucketAlreadyExists" or "…OwnedByYou".
_UNSUPPORTED_CODES = frozenset(
    {"NotImplemented", "MethodNotAllowed", "BucketAlreadyExists", "BucketAlreadyOwnedByYou"}
)


@contextmanager
def wrap_unsupported(client: "S3Client", bucket: str) -> Iterator[None]:
    """
    Raise ``NotSupported`` if a server does not implement a call on a bucket's configuration.

    AWS implements them all. It answers 405 to callers from other accounts, which raises
    ``Conflict``: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html
    """
    try:
        yield
    except ClientError as error:
        if not is_unsupported(error):
            raise
        if not is_aws(client.meta.endpoint_url):
            raise NotSupported(str(error)) from error
        if http_status(error) == 405:
            raise Conflict(
                f"The bucket {bucket!r} belongs to another AWS account, whose credentials this"
                f" command needs: {error}"
            ) from error
        raise


def is_unsupported(error: ClientError) -> bool:
    """Return whether a server other than AWS says that it does not implement a call."""
    return http_status(error) in {405, 501} or error.response["Error"]["Code"] in _UNSUPPORTED_CODES
