"""
What each process of a project must be allowed, and nothing else: pure functions to IAM policies.

Which actions there are, and on which resources each may be allowed, is in the service
authorization reference: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from collections.abc import Iterable

from django_shift_media.aws.access import RESIZES
from django_shift_media.aws.common import Document, our_id, partition
from django_shift_media.aws.iam_statements import allow, bucket, checked, objects, policy
from django_shift_media.aws.transcoders import Transcoding
from django_shift_media.storages.s3 import S3MediaStorage

# Not all are named as the API's operations are; HeadBucket is s3:ListBucket, as in app().
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
# What these work on has no name before it is there, so they are allowed on all of the account's.
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
    """For a process that takes uploads, makes resizes and deletes both."""
    return [
        allow(["s3:ListAllMyBuckets"], "*"),
        _list(storage),
        allow(
            [
                "s3:GetObject",
                *_put(storage),
                "s3:AbortMultipartUpload",  # what is left of a large upload that has failed
                "s3:DeleteObject",
            ],
            objects(storage),
        ),
    ]


def resizes(storage: S3MediaStorage) -> list[Document]:
    """For a process that makes resizes of originals, and cannot touch these."""
    return [
        _list(storage),
        allow(["s3:GetObject"], objects(storage)),
        allow(_put(storage), objects(storage, RESIZES)),
    ]


def pages(storage: S3MediaStorage) -> list[Document]:
    """
    For a process that only renders pages.

    It needs no rights, and a policy cannot be empty, so this one takes away all on the bucket.
    But if the URLs of originals are presigned, whoever follows one has the signer's rights.
    """
    if storage.querystring_auth:
        return [allow(["s3:GetObject"], objects(storage))]
    everything = [bucket(storage), f"{bucket(storage)}/*"]
    return [{"Effect": "Deny", "Action": ["s3:*"], "Resource": everything}]


def configure(storage: S3MediaStorage) -> list[Document]:
    """For the commands that configure AWS, and try what they have configured."""
    return [
        *app(storage),
        allow(_CONFIGURE_BUCKET, bucket(storage)),
        allow(_CONFIGURE_ACCOUNT, "*"),
    ]


PURPOSES = {"app": app, "resizes": resizes, "pages": pages, "configure": configure}
NOTICES = {
    "pages": "A process that only renders pages needs no credentials, unless it presigns URLs.",
    "elastictranscoder": "Amazon Elastic Transcoder ended on 13 November 2025, and AWS Elemental"
    " MediaConvert took its place.",
}


def documents(
    storage: S3MediaStorage, purpose: str, transcoding: Transcoding, principals: Iterable[str]
) -> dict[str, Document]:
    """
    Return policies by their names: the one for a purpose, then those of other roles it involves.

    ``principals`` are those that the process may put policies on.
    """
    statements = [
        *PURPOSES[purpose](storage),
        *transcoding.statements(),
        *(put_policies(storage, principal) for principal in principals),
    ]
    name = f"{our_id(storage.prefix)}{purpose.title()}"
    return {name: policy(statements), **transcoding.role_policies(storage)}


def put_policies(storage: S3MediaStorage, principal: str) -> Document:
    """
    Return the right to put policies, such as these, on a principal: "user/NAME" or "role/NAME".

    Whoever has it can give that principal any right that there is.
    """
    wanted = "as in 'user/NAME' or 'role/NAME'"
    kind = checked("--may-attach-to", principal, r"(user|role)/[\w+=,.@/-]+", wanted).split("/")[0]
    noun = kind.title()
    return allow(
        [f"iam:Get{noun}", f"iam:Get{noun}Policy", f"iam:Put{noun}Policy"],
        f"arn:{partition(storage.region)}:iam::*:{principal}",
    )


def _list(storage: S3MediaStorage) -> Document:
    # Without it, S3 says 403 of a missing object. No condition on the prefix: a request for one
    # object has none, and would be refused.
    return allow(["s3:ListBucket"], bucket(storage))


def _put(storage: S3MediaStorage) -> list[str]:
    tags = storage.tag_resizes
    return ["s3:PutObject", *(["s3:PutObjectTagging"] if tags else [])]
