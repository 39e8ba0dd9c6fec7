"""The documents of a distribution for a storage and the command's options: pure functions."""

from collections.abc import Callable
from dataclasses import dataclass

from django_shift_media.aws.bucket import BucketOptions
from django_shift_media.aws.cdn_options import CdnOptions
from django_shift_media.aws.common import Document, our_id, partition
from django_shift_media.aws.distribution import (
    failover_origins,
    merge_distribution,
    resource_name,
    website_origins,
)
from django_shift_media.aws.distribution_settings import merge_settings
from django_shift_media.aws.website import parse_app_url
from django_shift_media.storages.s3 import S3MediaStorage

_MAX_COMMENT_LENGTH = 128  # characters of a distribution's comment
_ACM_PARTITION = "aws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """
    What AWS has assigned to the resources that a distribution refers to.

    ``certificate`` is an ARN; None keeps the present certificate.
    """

    cache_policy: str
    access_control: str
    certificate: str | None


def distribution_name(storage: S3MediaStorage) -> str:
    """Return the value of the tag of a storage's distribution, and the name of its parts."""
    return resource_name(storage.bucket_name, our_id(storage.prefix))


def has_acm(storage: S3MediaStorage) -> bool:
    """Return whether CloudFront accepts certificates of ACM in the partition of a storage."""
    return partition(storage.region) == _ACM_PARTITION


def desired_distribution(
    storage: S3MediaStorage, options: CdnOptions, ids: Ids, current: Document | None = None
) -> Document:
    """Return the configuration of a new or an existing distribution."""
    comment = f"django_shift_media: {storage.bucket_name}/{storage.prefix}"
    config = merge_distribution(
        current,
        _origins(storage, options, ids.access_control),
        comment=comment[:_MAX_COMMENT_LENGTH],
        policy=ids.cache_policy,
        domain=options.domain,
        certificate=ids.certificate,
    )
    return merge_settings(config, options.settings, storage.region)


def _origins(storage: S3MediaStorage, options: CdnOptions, access_control: str) -> Document:
    if options.mode == "website":
        return website_origins(storage.website_host)
    return failover_origins(
        storage.rest_host,
        f"/{storage.prefix}".rstrip("/"),
        access_control,
        parse_app_url(options.app_url or "", options.mount),
    )


def failover_bucket(options: CdnOptions, distribution: Callable[[], str] | str) -> BucketOptions:
    """Return the options of a private bucket that a distribution, given by its ARN, may read."""
    return BucketOptions(
        mode="failover",
        mount=options.mount,
        private_originals=options.private_originals,
        distribution_arn=distribution,
    )
