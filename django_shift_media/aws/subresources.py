"""The documents of a bucket's configuration, and the boto3 calls for each."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from operator import eq
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from django_shift_media.aws.common import Document, NotSupported, is_aws
from django_shift_media.aws.lifecycle import is_same_lifecycle
from django_shift_media.aws.policy_comparison import is_same_policy
from django_shift_media.aws.server_errors import is_unsupported, wrap_unsupported
from django_shift_media.aws.tags import is_same_tags
from django_shift_media.storages.s3 import http_status

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Names of buckets have at least three characters, and no underscores.
_IMPOSSIBLE_BUCKET = "_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subresource:
    """
    A document that belongs to a bucket, in AWS's term a subresource.

    ``operation`` is the part of the client's method names after "get_", "put_" and "delete_".
    ``unpack`` takes the document from a response, ``pack`` returns it as arguments. ``is_same``
    compares two documents.
    """

    name: str
    operation: str
    unpack: Callable[[Document], Document | None] = dict
    pack: Callable[[Document], Document]
    is_same: Callable[[Document | None, Document | None], bool] = eq

    def read(self, client: "S3Client", bucket: str) -> Document | None:
        """Return the document, or None; raise ``NotSupported`` if the server ignores the query."""
        try:
            with wrap_unsupported(client, bucket):
                response: Document = getattr(client, f"get_{self.operation}")(Bucket=bucket)
        except ClientError as error:
            is_unset = http_status(error) == 404  # NoSuchBucketPolicy and its like
            if is_unset and error.response["Error"]["Code"] != "NoSuchBucket":
                return None
            raise
        del response["ResponseMetadata"]
        document = self.unpack(response)
        if not document:
            # Such a server (seen with s3rver 3.7) ignores the query string: DELETE would delete
            # the bucket itself.
            raise NotSupported("the server answers with the list of the bucket's objects")
        return document

    def write(self, client: "S3Client", bucket: str, document: Document | None) -> None:
        """Replace the current document; None deletes it."""
        with wrap_unsupported(client, bucket):
            if document is None:
                operation = f"delete_{self.operation.removesuffix('_configuration')}"
                getattr(client, operation)(Bucket=bucket)
            else:
                getattr(client, f"put_{self.operation}")(Bucket=bucket, **self.pack(document))

    def can_write(self, client: "S3Client", document: Document) -> bool:
        """
        Return whether the server implements writing this document, without writing it.

        Some servers (such as SeaweedFS) answer that a document is not set, and refuse to set
        it. The request is for a bucket whose name no server accepts.
        """
        if is_aws(client.meta.endpoint_url):
            return True
        try:
            getattr(client, f"put_{self.operation}")(
                Bucket=_IMPOSSIBLE_BUCKET, **self.pack(document)
            )
        except ClientError as error:
            return not is_unsupported(error)
        return True


def _lifecycle_arguments(document: Document) -> Document:
    # Rules are one argument; the other settings of a lifecycle are arguments of their own.
    others = {name: value for name, value in document.items() if name != "Rules"}
    return {"LifecycleConfiguration": {"Rules": document["Rules"]}, **others}


def _lifecycle_of(response: Document) -> Document:
    """Return a lifecycle in which a rule for all objects has a filter, as the others do."""
    rules = [_with_filter(rule) for rule in response.get("Rules", [])]
    return {**response, "Rules": rules} if rules else response


def _with_filter(rule: Document) -> Document:
    # Ceph returns an empty filter as this older form, which means the same (seen with 16.2).
    if "Filter" in rule or rule.get("Prefix") != "":
        return rule
    others = {name: value for name, value in rule.items() if name != "Prefix"}
    return {**others, "Filter": {"Prefix": ""}}


PUBLIC_ACCESS_BLOCK = Subresource(
    name="public access block",
    operation="public_access_block",
    unpack=lambda response: response.get("PublicAccessBlockConfiguration"),
    pack=lambda document: {"PublicAccessBlockConfiguration": document},
)
OWNERSHIP = Subresource(
    name="ownership",
    operation="bucket_ownership_controls",
    unpack=lambda response: response.get("OwnershipControls"),
    pack=lambda document: {"OwnershipControls": document},
)
POLICY = Subresource(
    name="policy",
    operation="bucket_policy",
    unpack=lambda response: json.loads(response["Policy"]),
    pack=lambda document: {"Policy": json.dumps(document)},
    is_same=is_same_policy,
)
WEBSITE = Subresource(
    name="website and routing rules",
    operation="bucket_website",
    pack=lambda document: {"WebsiteConfiguration": document},
)
TAGS = Subresource(
    name="tags",
    operation="bucket_tagging",
    unpack=lambda response: {"TagSet": response["TagSet"]},
    pack=lambda document: {"Tagging": document},
    is_same=is_same_tags,
)
LOGGING = Subresource(
    name="access logs",
    operation="bucket_logging",
    # Without logging, the response is empty.
    unpack=lambda response: {"BucketLoggingStatus": response},
    pack=lambda document: document,
)
CORS = Subresource(
    name="CORS",
    operation="bucket_cors",
    pack=lambda document: {"CORSConfiguration": document},
)
LIFECYCLE = Subresource(
    name="lifecycle",
    operation="bucket_lifecycle_configuration",
    unpack=_lifecycle_of,
    pack=_lifecycle_arguments,
    is_same=is_same_lifecycle,
)
