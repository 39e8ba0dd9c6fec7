"""The documents of a distribution for a storage and the command's options: pure functions."""

from collections.abc import Callable
from dataclasses import dataclass

from django_shift_media.aws import key_groups
from django_shift_media.aws.bucket_options import BucketOptions
from django_shift_media.aws.cdn_options import CdnOptions
from django_shift_media.aws.common import Conflict, Document, our_id, partition
from django_shift_media.aws.distribution import (
    failover_origins,
    merge_distribution,
    resource_name,
    website_origins,
)
from django_shift_media.aws.distribution_settings import merge_settings
from django_shift_media.aws.website import parse_app_url
from django_shift_media.naming.access_tokens import cdn_secrets
from django_shift_media.storages.s3 import S3MediaStorage

_MAX_COMMENT_LENGTH = 128  # characters of a distribution's comment
_ACM_PARTITION = "aws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """
    What AWS has assigned to the resources that a distribution refers to.

    ``certificate`` is an ARN; None keeps the present certificate, and the present key group.
    """

    cache_policy: str
    access_control: str
    certificate: str | None
    key_group: str | None = None


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
    if storage.access:
        config = _protected(storage, config, ids.key_group)
    return merge_settings(config, options.settings, storage.region)


def distribution_secrets(storage: S3MediaStorage) -> list[str]:
    """Return what CloudFront sends to the app of a private storage, then former values of it."""
    return cdn_secrets(storage.bucket_name) if storage.access else []


def _protected(storage: S3MediaStorage, config: Document, key_group: str | None) -> Document:
    """Return a configuration that gives private media only to browsers with cookies."""
    if not (key_group or key_groups.is_protected(config)):
        raise Conflict(
            "The storage is private. Use --trusted-key-group with the public key that verifies"
            " the signed cookies."
        )
    return key_groups.protect(config, key_group, distribution_secrets(storage)[0])


def _origins(storage: S3MediaStorage, options: CdnOptions, access_control: str) -> Document:
    if options.mode == "website":
        return website_origins(storage.website_host)
    return failover_origins(
        storage.rest_host,
        f"/{storage.prefix}".rstrip("/"),
        access_control,
        parse_app_url(options.app_url or "", options.mount),
        options.app_access_control,
    )


def failover_bucket(options: CdnOptions, distribution: Callable[[], str] | str) -> BucketOptions:
    """Return the options of a private bucket that a distribution, given by its ARN, may read."""
    return BucketOptions(
        mode="failover",
        mount=options.mount,
        private_originals=options.private_originals,
        distribution_arn=distribution,
    )
