"""Remove a distribution and what belongs to it, as resources of a plan."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from django_shift_media.aws import access, key_groups
from django_shift_media.aws.clients import s3_client
from django_shift_media.aws.cloudfront import CloudFrontResource, Distribution
from django_shift_media.aws.common import Document, NotYet, our_id
from django_shift_media.aws.dns import HostedZone, is_same_records, without_aliases_of
from django_shift_media.aws.plan import Resource
from django_shift_media.aws.subresources import POLICY
from django_shift_media.storages.s3 import S3MediaStorage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def removed_resources(
    storage: S3MediaStorage,
    distribution: Distribution,
    cache_policy: CloudFrontResource,
    access_control: CloudFrontResource,
    zone: HostedZone | None,
) -> Iterator[Resource]:
    """Yield the resources in the order to plan and remove them; a zone's records only if given."""
    if zone:
        # A record of a distribution that is gone could lead to somebody else's.
        yield Resource(
            name="DNS records",
            read=zone.read,
            merge=partial(_merge_records, distribution),
            write=zone.write,
            is_same=is_same_records,
        )
    yield Resource(
        name="distribution",
        read=distribution.read,
        merge=lambda _: None,
        write=distribution.write,
    )
    yield _part("cache policy", cache_policy, distribution, is_shared=True)
    yield _part("origin access control", access_control, distribution)
    if storage.access:
        yield from key_groups.removed_resources(
            distribution.client, distribution.name, is_in_use=lambda: bool(distribution.id)
        )
    client, bucket = s3_client(storage), storage.bucket_name
    yield Resource(
        name="bucket's policy",
        read=partial(_read_policy, client, bucket),
        merge=partial(_merge_policy, our_id(storage.prefix)),
        write=partial(POLICY.write, client, bucket),
    )


def _part(
    name: str, part: CloudFrontResource, distribution: Distribution, *, is_shared: bool = False
) -> Resource:
    """Return a part of a distribution; one that is shared stays if another uses it."""

    def merge(current: Document | None) -> Document | None:
        if current and distribution.id:
            raise NotYet("the distribution still uses it")
        return current if is_shared and distribution.is_used_elsewhere(part.id) else None

    return Resource(
        name=name,
        read=part.read,
        merge=merge,
        write=part.write,
        needs=frozenset({"distribution"}),
    )


def _merge_records(distribution: Distribution, current: Document | None) -> Document | None:
    if not (distribution.id or distribution.read()):
        return current
    return without_aliases_of(distribution.details["DomainName"], current)


def _read_policy(client: "S3Client", bucket: str) -> Document | None:
    try:
        return POLICY.read(client, bucket)
    except client.exceptions.NoSuchBucket:
        return None


def _merge_policy(id: str, current: Document | None) -> Document | None:
    if access.distribution_of(access.our_statement(current, id)):
        return access.merge_policy(current, id, [])
    return current
