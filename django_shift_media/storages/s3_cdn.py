"""Remove erased uploads from the caches of CloudFront."""

import uuid
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from django_shift_media.naming import keys
from django_shift_media.storages.aws_partitions import is_aws_host, partition_has, partition_of
from django_shift_media.storages.erasure import Invalidation

if TYPE_CHECKING:
    from django_shift_media.storages.s3 import S3MediaStorage

_CLOUDFRONT = "cloudfront"
_ERRORS = (BotoCoreError, ClientError)


class _Distribution(NamedTuple):
    """
    A distribution that serves the media of a storage.

    ``bases`` are the paths under which it serves keys, with a final slash: usually one.
    """

    id: str
    hosts: Sequence[str]
    bases: Sequence[str]

    def paths_of(self, originals: Sequence[str]) -> list[str]:
        """Return one path for all that belongs to an upload, for each original."""
        prefixes = [keys.upload_prefix(original) for original in originals]
        return [f"{base}{prefix}*" for prefix in prefixes for base in self.bases]


def invalidate(storage: "S3MediaStorage", originals: Sequence[str]) -> list[Invalidation]:
    """Start invalidations in all distributions that serve the media; do not wait for them."""
    if (client := _client(storage)) is None:
        return []
    try:
        distributions = list(_distributions(storage, client))
    except _ERRORS as error:
        return [Invalidation("CloudFront", error=str(error))]
    return [_invalidate(client, each, each.paths_of(originals)) for each in distributions]


def _invalidate(client: Any, distribution: _Distribution, paths: list[str]) -> Invalidation:
    cdn = f"CloudFront distribution {distribution.id} ({distribution.hosts[0]})"
    urls = [f"https://{host}{base}" for host in distribution.hosts for base in distribution.bases]
    try:
        id = create_invalidation(client, distribution.id, paths)
    except _ERRORS as error:
        return Invalidation(cdn, paths, urls, error=str(error))

    def get_status() -> str:
        response = client.get_invalidation(DistributionId=distribution.id, Id=id)
        return str(response["Invalidation"]["Status"])

    return Invalidation(cdn, paths, urls, id, get_status=get_status)


def create_invalidation(client: Any, distribution: str, paths: Sequence[str]) -> str:
    """Remove paths from the caches of a distribution; return the id of the invalidation."""
    response = client.create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={
            "CallerReference": str(uuid.uuid4()),
            "Paths": {"Quantity": len(paths), "Items": list(paths)},
        },
    )
    id: str = response["Invalidation"]["Id"]
    return id


def _client(storage: "S3MediaStorage") -> Any:
    """Return a client of CloudFront, or None where there is no CloudFront."""
    if not partition_has(partition_of(storage.region).name, _CLOUDFRONT):
        return None
    client = storage.aws_client(_CLOUDFRONT)
    # The keys of another server must not be sent to AWS.
    server = storage.endpoint_url
    if server and not _is_aws(server) and _is_aws(client.meta.endpoint_url):
        return None
    return client


def _is_aws(url: str) -> bool:
    return is_aws_host(urlsplit(url).hostname or "")


def _distributions(storage: "S3MediaStorage", client: Any) -> Iterator[_Distribution]:
    """Yield the distributions with the host of the media, or with the bucket as an origin."""
    for page in client.get_paginator("list_distributions").paginate():
        for summary in page["DistributionList"].get("Items", ()):
            hosts = [*summary.get("Aliases", {}).get("Items", ()), summary["DomainName"]]
            bases = list(dict.fromkeys(_bases(storage, hosts, summary["Origins"]["Items"])))
            if bases and summary["Enabled"]:
                yield _Distribution(summary["Id"], hosts, bases)


def _bases(
    storage: "S3MediaStorage", hosts: Sequence[str], origins: Sequence[Any]
) -> Iterator[str]:
    media = urlsplit(storage.media_url)
    if media.hostname in hosts:
        yield media.path
    bucket_hosts = (f"{storage.bucket_name}.s3.", f"{storage.bucket_name}.s3-")
    for origin in origins:
        if origin["DomainName"].startswith(bucket_hosts):
            yield f"/{storage.prefix}".removeprefix(origin.get("OriginPath", "")) or "/"
