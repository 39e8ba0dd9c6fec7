"""
Find what keeps a public website, or CloudFront, from reading a bucket that is configured for it.

A website endpoint supports HTTP and anonymous requests only:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
"""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from django_shift_media.aws.clients import aws_client
from django_shift_media.aws.common import Conflict, Document, is_aws
from django_shift_media.aws.policy_evaluation import denial_of_http
from django_shift_media.storages.s3 import S3MediaStorage, http_status

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ANY_ORIGINAL = "00000000/0000/4000/8000/000000000000/a.jpg/a.jpg"
PRIVATE_REMEDY = (
    "keep the bucket private behind CloudFront: manage.py configure_media_cdn --mode failover"
)


def account_block(storage: S3MediaStorage) -> Document | None:
    """
    Return the account's public access block, as far as it is known.

    It includes what the organization's policies set:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html
    """
    if storage.endpoint_url and not is_aws(storage.endpoint_url):  # other servers have none
        return None
    control = aws_client(storage, "s3control")
    if not is_aws(control.meta.endpoint_url):
        return None
    account = aws_client(storage, "sts").get_caller_identity()["Account"]
    try:
        response = control.get_public_access_block(AccountId=account)
    except ClientError as error:
        if http_status(error) == 404:
            return None
        raise
    block: Document = response["PublicAccessBlockConfiguration"]
    return block


def kms_key(client: "S3Client", bucket: str) -> str | None:
    """
    Return the KMS key of the bucket's default encryption; None if it has none, or is unknown.

    "" stands for the key "aws/s3" that AWS manages.
    """
    try:
        response = client.get_bucket_encryption(Bucket=bucket)
    except ClientError:  # may not be read, or the server does not encrypt
        return None
    for rule in response.get("ServerSideEncryptionConfiguration", {}).get("Rules", []):
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if default.get("SSEAlgorithm", "").startswith("aws:kms"):
            key = default.get("KMSMasterKeyID", "")
            return "" if key.endswith("alias/aws/s3") else key
    return None


def check_website(client: "S3Client", storage: S3MediaStorage) -> None:
    """Raise ``Conflict`` if the bucket cannot be public, whatever its own configuration is."""
    try:
        block = account_block(storage) or {}
    except ClientError as error:
        if http_status(error) != 403:
            raise
        block = {}  # unknown; AWS rejects the policy if it is blocked
    if block.get("BlockPublicPolicy") or block.get("RestrictPublicBuckets"):
        raise Conflict(
            "The AWS account or its organization blocks public access to all buckets, so mode"
            f" website is impossible. Either {PRIVATE_REMEDY}. Or turn off BlockPublicPolicy and"
            " RestrictPublicBuckets in the account's settings; if an organization's S3 policy sets"
            " them, only the organization's administrator can."
        )
    if _kms_keys(client, storage):
        raise Conflict(
            f"The bucket {storage.bucket_name!r} encrypts with a KMS key, and S3 answers anonymous"
            " requests for such files with an error, so mode website is impossible. Either"
            f" {PRIVATE_REMEDY}. Or use Amazon S3 managed keys (SSE-S3) as default encryption, and"
            " copy the files that are encrypted with KMS onto themselves."
        )


def check_policy(policy: Document | None, storage: S3MediaStorage) -> None:
    """Raise ``Conflict`` if a bucket policy denies the plain HTTP of website endpoints."""
    path = f"{storage.bucket_name}/{storage.prefix}{_ANY_ORIGINAL}"
    if policy and (statement := denial_of_http(policy, "s3:GetObject", path)):
        raise Conflict(
            f"The bucket's policy denies requests without HTTPS in its statement"
            f" {statement.get('Sid', statement)!r}, and website endpoints support HTTP only, so"
            f" mode website is impossible. Either {PRIVATE_REMEDY}. Or remove that statement."
        )


def key_policy_hint(
    client: "S3Client", storage: S3MediaStorage, distribution: str | None
) -> list[str]:
    """
    Return what the keys of encrypted files must allow before CloudFront can read the bucket.

    Raise ``Conflict`` for the key that AWS manages, whose policy cannot be changed:
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    keys = _kms_keys(client, storage)
    if "" in keys:
        raise Conflict(
            f"The bucket {storage.bucket_name!r} encrypts with the KMS key aws/s3, which CloudFront"
            " cannot use. Use a KMS key of your own, or Amazon S3 managed keys (SSE-S3), as default"
            " encryption, and in object_parameters of the storage if they name an encryption."
        )
    return [line for key in keys for line in _key_policy(key, distribution)]


def _key_policy(key: str, distribution: str | None) -> list[str]:
    return [
        f"The KMS key {key} must let CloudFront decrypt. Add to its key policy:",
        f'  {{"Effect": "Allow", "Principal": {{"Service": "cloudfront.amazonaws.com"}}, "Action":'
        f' "kms:Decrypt", "Resource": "*", "Condition": {{"StringEquals": {{"AWS:SourceArn":'
        f' "{distribution or "ARN of the distribution"}"}}}}}}',
    ]


def _kms_keys(client: "S3Client", storage: S3MediaStorage) -> list[str]:
    """
    Return the KMS keys of the bucket's default encryption and of the storage's own, if any.

    "" stands for the key "aws/s3", which S3 uses if a request names no key.
    """
    keys = [kms_key(client, storage.bucket_name)]
    parameters = storage.get_object_parameters(_ANY_ORIGINAL)
    if str(parameters.get("ServerSideEncryption", "")).startswith("aws:kms"):
        keys.append(str(parameters.get("SSEKMSKeyId", "")))
    return list(dict.fromkeys(key for key in keys if key is not None))
