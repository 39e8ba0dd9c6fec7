"""
Least-privilege IAM policies for the processes of a project: pure functions.

Actions and the resources that they apply to are listed in the service authorization reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from collections.abc import Iterable

from django_shift_media.aws.access import RESIZE_PATTERN
from django_shift_media.aws.common import Document, our_id, partition
from django_shift_media.aws.iam_statements import (
    allow,
    bucket_arn_of,
    object_arns,
    policy_document,
    validate_option,
)
from django_shift_media.aws.transcoders import Transcoding
from django_shift_media.storages.s3 import S3MediaStorage

# Some actions have another name than the API's operation; HeadBucket needs s3:ListBucket.
_CONFIGURE_BUCKET = (
    "s3:CreateBucket",
    "s3:GetBucketLocation",
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:GetBucketWebsite",
    "s3:PutBucketWebsite",
    "s3:DeleteBucketWebsite",
    "s3:GetBucketPublicAccessBlock",
    "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketOwnershipControls",
    "s3:PutBucketOwnershipControls",
    "s3:GetBucketCORS",
    "s3:PutBucketCORS",
    "s3:GetLifecycleConfiguration",
    "s3:PutLifecycleConfiguration",
)
# The ARNs of these resources are unknown before they exist, so the actions are allowed on "*".
_CONFIGURE_ACCOUNT = (
    "s3:GetAccountPublicAccessBlock",
    "cloudfront:ListDistributions",
    "cloudfront:GetDistribution",
    "cloudfront:CreateDistribution",
    "cloudfront:UpdateDistribution",
    "cloudfront:DeleteDistribution",
    "cloudfront:ListOriginAccessControls",
    "cloudfront:GetOriginAccessControl",
    "cloudfront:CreateOriginAccessControl",
    "cloudfront:UpdateOriginAccessControl",
    "cloudfront:DeleteOriginAccessControl",
    "cloudfront:ListCachePolicies",
    "cloudfront:GetCachePolicy",
    "cloudfront:CreateCachePolicy",
    "cloudfront:UpdateCachePolicy",
    "cloudfront:DeleteCachePolicy",
    "cloudfront:CreateInvalidation",
    "cloudfront:GetInvalidation",
    "acm:ListCertificates",
    "acm:DescribeCertificate",
    "acm:RequestCertificate",
)


def app(storage: S3MediaStorage) -> list[Document]:
    """For a process that stores uploads, generates resizes, and deletes both."""
    return [
        allow(["s3:ListAllMyBuckets"], "*"),
        _allow_list(storage),
        allow(
            [
                "s3:GetObject",
                *_put_actions(storage),
                "s3:AbortMultipartUpload",  # to clean up after a large upload that failed
                "s3:DeleteObject",
            ],
            object_arns(storage),
        ),
    ]


def resizes(storage: S3MediaStorage) -> list[Document]:
    """For a process that generates resizes, and cannot write or delete originals."""
    # It deletes a resize that it has stored after the original was deleted.
    actions = [*_put_actions(storage), "s3:DeleteObject"]
    return [
        _allow_list(storage),
        allow(["s3:GetObject"], object_arns(storage)),
        allow(actions, object_arns(storage, RESIZE_PATTERN)),
    ]


def pages(storage: S3MediaStorage) -> list[Document]:
    """
    For a process that only renders pages.

    It needs no permissions. As a policy cannot be empty, this one denies everything on the bucket.
    If the URLs of originals are presigned, it allows reading: S3 grants a presigned URL the
    permissions of its signer.
    """
    if storage.querystring_auth:
        return [allow(["s3:GetObject"], object_arns(storage))]
    everything = [bucket_arn_of(storage), f"{bucket_arn_of(storage)}/*"]
    return [{"Effect": "Deny", "Action": ["s3:*"], "Resource": everything}]


def configure(storage: S3MediaStorage) -> list[Document]:
    """For the commands that configure AWS and check the result."""
    return [
        *app(storage),
        allow(_CONFIGURE_BUCKET, bucket_arn_of(storage)),
        allow(_CONFIGURE_ACCOUNT, "*"),
    ]


PURPOSES = {"app": app, "resizes": resizes, "pages": pages, "configure": configure}
NOTICES = {
    "pages": "A process that only renders pages needs no credentials, unless it presigns URLs.",
    "elastictranscoder": "Amazon Elastic Transcoder ended on 13 November 2025; AWS Elemental"
    " MediaConvert replaces it.",
}


def policy_documents(
    storage: S3MediaStorage, purpose: str, transcoding: Transcoding, principals: Iterable[str]
) -> dict[str, Document]:
    """
    Return policies by name: first the one for a purpose, then those of the transcoder's role.

    ``principals`` are the users and roles that the process may attach policies to.
    """
    statements = [
        *PURPOSES[purpose](storage),
        *transcoding.statements(),
        *(allow_attaching(storage, principal) for principal in principals),
    ]
    name = f"{our_id(storage.prefix)}{purpose.title()}"
    return {name: policy_document(statements), **transcoding.role_policies(storage)}


def allow_attaching(storage: S3MediaStorage, principal: str) -> Document:
    """
    Allow attaching inline policies to a principal, "user/NAME" or "role/NAME".

    A process with this permission can grant that principal any permission.
    """
    pattern = r"(user|role)/[\w+=,.@/-]+"
    validate_option("--may-attach-to", principal, pattern, "'user/NAME' or 'role/NAME'")
    noun = principal.split("/")[0].title()
    return allow(
        [f"iam:Get{noun}", f"iam:Get{noun}Policy", f"iam:Put{noun}Policy"],
        f"arn:{partition(storage.region)}:iam::*:{principal}",
    )


def _allow_list(storage: S3MediaStorage) -> Document:
    # Without this permission, S3 answers 403 for a missing object. A condition on the prefix would
    # deny requests for single objects, which have no prefix.
    return allow(["s3:ListBucket"], bucket_arn_of(storage))


def _put_actions(storage: S3MediaStorage) -> list[str]:
    return ["s3:PutObject", *(["s3:PutObjectTagging"] if storage.tag_resizes else [])]
