"""Find or create the bucket itself, before its configuration."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from django_shift_media.aws.common import Conflict, Document, is_aws
from django_shift_media.storages.s3 import S3MediaStorage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Locations that S3 reports for its two oldest regions.
_LEGACY_LOCATIONS = {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}


def bucket_document(storage: S3MediaStorage) -> Document:
    """Return the arguments of CreateBucket."""
    name, region = storage.bucket_name, storage.region
    if region == "us-east-1":  # CreateBucket rejects the name of this region only
        return {"Bucket": name}
    return {"Bucket": name, "CreateBucketConfiguration": {"LocationConstraint": region}}


def find_bucket(client: "S3Client", storage: S3MediaStorage) -> Document | None:
    """Return the bucket's document, or None; raise ``Conflict`` if it is out of reach."""
    try:
        # Responses to HEAD have no body, and so no error code.
        client.list_objects_v2(Bucket=storage.bucket_name, MaxKeys=1)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchBucket":
            return None
        if code == "AccessDenied":
            raise Conflict(
                f"Access to the bucket {storage.bucket_name!r} is denied: it belongs to another"
                " account, or these credentials do not have the permissions."
            ) from error
        raise
    _check_region(client, storage)
    return bucket_document(storage)


def check_exists(client: "S3Client", storage: S3MediaStorage) -> None:
    """
    Raise ``Conflict`` if there is no bucket, or it is in another region.

    Whoever puts a CDN in front of a public bucket need not have permissions for the bucket.
    """
    try:
        client.list_objects_v2(Bucket=storage.bucket_name, MaxKeys=1)
    except client.exceptions.NoSuchBucket as error:
        raise no_bucket(storage.bucket_name) from error
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            return
        raise
    _check_region(client, storage)


def no_bucket(name: str) -> Conflict:
    return Conflict(
        f"The bucket {name!r} does not exist. Use manage.py configure_media_bucket --create to"
        " create it."
    )


def create_bucket(client: "S3Client", storage: S3MediaStorage) -> None:
    try:
        client.create_bucket(**bucket_document(storage))
    except client.exceptions.BucketAlreadyExists as error:
        raise Conflict(
            f"The bucket {storage.bucket_name!r} exists and belongs to another account. Bucket"
            ' names are unique across all accounts: change "bucket_name" of the storage.'
        ) from error


def _check_region(client: "S3Client", storage: S3MediaStorage) -> None:
    """
    Raise ``Conflict`` if a bucket on AWS is not in the storage's region.

    The host of the website endpoint depends on the region.
    """
    if not is_aws(client.meta.endpoint_url):
        return
    response: Document = dict(client.get_bucket_location(Bucket=storage.bucket_name))
    location = response.get("LocationConstraint")
    region = _LEGACY_LOCATIONS.get(location, location)
    if region != storage.region:
        raise Conflict(
            f'The bucket {storage.bucket_name!r} is in {region!r}, but "region_name" of the storage'
            f" is {storage.region!r}."
        )
