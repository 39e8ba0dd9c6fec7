"""
Least-privilege IAM policies for the processes of a project: pure functions.

Actions and the resources that they apply to are listed in the service authorization reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import json
import re
from collections.abc import Iterable, Mapping

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
from django_shift_media.aws.trust import Trust
from django_shift_media.storages.erasure import TOMBSTONE
from django_shift_media.storages.s3 import S3MediaStorage

# Some actions have another name than the API's operation; HeadBucket needs s3:ListBucket. A "*"
# stands for Get and Put, and for Delete where that exists; it keeps the policy short.
_CONFIGURE_BUCKET = (
    "s3:CreateBucket",
    "s3:GetBucketLocation",
    "s3:*BucketPolicy",
    "s3:*BucketWebsite",
    "s3:*BucketPublicAccessBlock",
    "s3:*BucketOwnershipControls",
    "s3:*BucketTagging",
    "s3:*BucketLogging",
    "s3:*BucketCORS",
    "s3:*LifecycleConfiguration",
    "s3:GetEncryptionConfiguration",
)
_CHECK_BUCKET = (
    "s3:ListBucket",
    "s3:GetBucketLocation",
    "s3:GetBucketPolicy",
    "s3:GetBucketWebsite",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketTagging",
    "s3:GetBucketLogging",
    "s3:GetBucketCORS",
    "s3:GetLifecycleConfiguration",
    "s3:GetEncryptionConfiguration",
)
# These actions take no resource, so they are allowed on "*".
_CHECK_ACCOUNT = (
    "s3:GetAccountPublicAccessBlock",
    "cloudfront:ListDistributions",
    "cloudfront:ListOriginAccessControls",
    "cloudfront:ListCachePolicies",
    "acm:ListCertificates",
    "route53:ListHostedZones",
)
_CONFIGURE_ACCOUNT = (
    *_CHECK_ACCOUNT,
    "cloudfront:CreateDistribution",
    "cloudfront:CreateOriginAccessControl",
    "cloudfront:CreateCachePolicy",
    "acm:RequestCertificate",
)
# The same for the keys of a private storage.
_CHECK_KEYS = (
    "cloudfront:ListKeyGroups",
    "cloudfront:GetKeyGroup",
    "cloudfront:ListPublicKeys",
    "cloudfront:GetPublicKey",
)
_CONFIGURE_KEYS = ("cloudfront:*KeyGroup*", "cloudfront:*PublicKey*")
# Actions by the resources that they take, whose ARNs are unknown before they exist.
_CHECK_RESOURCES = {
    "cloudfront::*:distribution/*": (
        "cloudfront:GetDistribution",
        "cloudfront:ListTagsForResource",
    ),
    "cloudfront::*:origin-access-control/*": ("cloudfront:GetOriginAccessControl",),
    "cloudfront::*:cache-policy/*": ("cloudfront:GetCachePolicy",),
    "acm:us-east-1:*:certificate/*": ("acm:DescribeCertificate",),
    "route53:::hostedzone/*": ("route53:ListResourceRecordSets",),
}
_CONFIGURE_RESOURCES = {
    "cloudfront::*:distribution/*": (
        "cloudfront:GetDistribution",
        "cloudfront:UpdateDistribution",
        "cloudfront:DeleteDistribution",
        "cloudfront:ListTagsForResource",
        "cloudfront:TagResource",
        "cloudfront:CreateInvalidation",
        "cloudfront:GetInvalidation",
    ),
    "cloudfront::*:origin-access-control/*": ("cloudfront:*OriginAccessControl",),
    "cloudfront::*:cache-policy/*": ("cloudfront:*CachePolicy",),
    "acm:us-east-1:*:certificate/*": ("acm:DescribeCertificate", "acm:AddTagsToCertificate"),
    "route53:::hostedzone/*": ("route53:*ResourceRecordSets",),
}
# The maximum number of characters of all inline policies, without white space:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
INLINE_LIMITS = {"user": 2048, "group": 5120, "role": 10_240}
_MANAGED_LIMIT = 6144


def app(storage: S3MediaStorage) -> list[Document]:
    """For a process that stores uploads, generates resizes, and deletes both."""
    return [
        _allow_list(storage),
        allow(
            [
                "s3:GetObject",
                *_put_actions(storage),
                "s3:AbortMultipartUpload",  # to clean up after a large upload that failed
                "s3:ListMultipartUploadParts",  # to complete an upload of a browser
                *_delete_actions(storage),
            ],
            object_arns(storage),
        ),
    ]


def resizes(storage: S3MediaStorage) -> list[Document]:
    """For a process that generates resizes, and cannot write or delete originals."""
    # It deletes a resize that it has stored after the original was deleted.
    actions = [*_put_actions(storage), *_delete_actions(storage)]
    return [
        _allow_list(storage),
        allow(["s3:GetObject"], object_arns(storage)),
        allow(actions, object_arns(storage, RESIZE_PATTERN)),
    ]


def uploads(storage: S3MediaStorage) -> list[Document]:
    """For a process that only takes uploads of browsers: signs, completes and examines them."""
    actions = [
        "s3:GetObject",
        *_put_actions(storage),
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
        *_delete_actions(storage),  # of what is refused
    ]
    return [_allow_list(storage), allow(actions, object_arns(storage))]


def pages(storage: S3MediaStorage) -> list[Document]:
    """
    For a process that only renders pages.

    It needs no permissions. As a policy cannot be empty, this one denies everything on the bucket.
    If the URLs of originals are presigned, it allows reading: S3 grants a presigned URL the
    permissions of its signer.
    """
    if storage.querystring_auth and not storage.access:
        return [allow(["s3:GetObject"], object_arns(storage))]
    everything = [bucket_arn_of(storage), f"{bucket_arn_of(storage)}/*"]
    return [{"Effect": "Deny", "Action": ["s3:*"], "Resource": everything}]


def erase(storage: S3MediaStorage) -> list[Document]:
    """For ``erase_media`` and ``MediaFile.erase()``: delete all versions, and store a tombstone."""
    return [
        allow(
            [
                "s3:ListBucket",
                "s3:ListBucketVersions",
                "s3:ListBucketMultipartUploads",
                "s3:GetReplicationConfiguration",
            ],
            bucket_arn_of(storage),
        ),
        allow(
            [
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:GetObjectRetention",
                "s3:GetObjectLegalHold",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:AbortMultipartUpload",
            ],
            object_arns(storage),
        ),
        allow(["s3:PutObject"], object_arns(storage, f"*/{TOMBSTONE}")),
        allow(["cloudfront:ListDistributions"], "*"),
        *_allow_resources(
            storage,
            {
                "cloudfront::*:distribution/*": (
                    "cloudfront:CreateInvalidation",
                    "cloudfront:GetInvalidation",
                )
            },
        ),
    ]


def configure(storage: S3MediaStorage) -> list[Document]:
    """For the commands that configure AWS and check the result."""
    return _merge_by_resource(
        [
            *app(storage),
            allow(_CONFIGURE_BUCKET, bucket_arn_of(storage)),
            allow([*_CONFIGURE_ACCOUNT, *(_CONFIGURE_KEYS if storage.access else ())], "*"),
            *_allow_resources(storage, _CONFIGURE_RESOURCES),
        ]
    )


def check(storage: S3MediaStorage) -> list[Document]:
    """For ``--check`` and ``--dry-run`` of the commands that configure AWS: read-only."""
    return [
        allow(_CHECK_BUCKET, bucket_arn_of(storage)),
        allow([*_CHECK_ACCOUNT, *(_CHECK_KEYS if storage.access else ())], "*"),
        *_allow_resources(storage, _CHECK_RESOURCES),
    ]


PURPOSES = {
    "app": app,
    "resizes": resizes,
    "uploads": uploads,
    "pages": pages,
    "erase": erase,
    "configure": configure,
    "check": check,
}
NOTICES = {
    "pages": "A process that only renders pages needs no credentials, unless it presigns URLs.",
    "elastictranscoder": "Amazon Elastic Transcoder ended on 13 November 2025; AWS Elemental"
    " MediaConvert replaces it.",
}


def policy_documents(
    storage: S3MediaStorage,
    purpose: str,
    transcoding: Transcoding,
    principals: Iterable[str],
    trust: Trust | None = None,
    *,
    list_buckets: bool = False,
) -> dict[str, Document]:
    """
    Return policies by name: first the one for a purpose, then those of roles.

    ``principals`` are the users, groups and roles that the process may attach policies to.
    ``list_buckets`` also allows listing all buckets of the account, which this package never does.
    """
    statements = [
        *([allow(["s3:ListAllMyBuckets"], "*")] if list_buckets else []),
        *PURPOSES[purpose](storage),
        *transcoding.statements(),
        *(allow_attaching(storage, principal) for principal in principals),
    ]
    name = f"{our_id(storage.prefix)}{purpose.title()}{_suffix(storage)}"
    return {
        name: policy_document(statements),
        **(trust.policies(storage.region) if trust else {}),
        **transcoding.role_policies(storage),
    }


def _suffix(storage: S3MediaStorage) -> str:
    """Return the end of a policy's name, so that a role can have the policies of two storages."""
    alias = re.sub(r"[^\w+=,.@-]", "-", str(storage.alias), flags=re.ASCII)
    return "" if storage.is_default else f"-{alias}"


def length_problem(document: Document, owner: str | None = None) -> str:
    """
    Return what is wrong with the length of a policy, or "".

    ``owner`` is "user", "group" or "role"; without it, the policy can also be a managed one.
    """
    length = len("".join(json.dumps(document, separators=(",", ":")).split()))
    limit = INLINE_LIMITS[owner] if owner else _MANAGED_LIMIT
    if length <= limit:
        return ""
    kind = f"inline policies of a {owner}" if owner else "a managed policy"
    return f"The policy has {length} characters; the maximum for {kind} is {limit}."


def allow_attaching(storage: S3MediaStorage, principal: str) -> Document:
    """
    Allow attaching inline policies to a principal, "user/NAME", "group/NAME" or "role/NAME".

    A process with this permission can grant that principal any permission.
    """
    pattern = r"(user|group|role)/[\w+=,.@/-]+"
    expected = "'user/NAME' or 'group/NAME' or 'role/NAME'"
    validate_option("--may-attach-to", principal, pattern, expected)
    noun = principal.split("/")[0].title()
    return allow(
        [f"iam:Get{noun}", f"iam:Get{noun}Policy", f"iam:Put{noun}Policy"],
        f"arn:{partition(storage.region)}:iam::*:{principal}",
    )


def _merge_by_resource(statements: Iterable[Document]) -> list[Document]:
    """Return one statement for each resource, as policies have a maximum length."""
    actions: dict[str, list[str]] = {}
    for statement in statements:
        actions.setdefault(statement["Resource"], []).extend(statement["Action"])
    return [allow(names, resource) for resource, names in actions.items()]


def _allow_resources(
    storage: S3MediaStorage, actions: Mapping[str, Iterable[str]]
) -> list[Document]:
    arn = f"arn:{partition(storage.region)}"
    return [allow(names, f"{arn}:{resource}") for resource, names in actions.items()]


def _allow_list(storage: S3MediaStorage) -> Document:
    # Without this permission, S3 answers 403 for a missing object. A condition on the prefix would
    # deny requests for single objects, which have no prefix.
    versions = ["s3:ListBucketVersions"] if storage.delete_versions else []
    return allow(["s3:ListBucket", *versions], bucket_arn_of(storage))


def _put_actions(storage: S3MediaStorage) -> list[str]:
    return ["s3:PutObject", *(["s3:PutObjectTagging"] if storage.tag_resizes else [])]


def _delete_actions(storage: S3MediaStorage) -> list[str]:
    versions = ["s3:DeleteObjectVersion"] if storage.delete_versions else []
    return ["s3:DeleteObject", *versions]
