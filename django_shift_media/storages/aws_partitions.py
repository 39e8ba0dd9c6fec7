"""The partitions of AWS, such as GovCloud and China, from the data of botocore."""

import re
from functools import cache
from typing import NamedTuple

from botocore.loaders import create_loader
from botocore.session import Session

_DEFAULT = "aws"
# What a host of S3's REST API has before the domain of a partition. Hosts of websites have
# "s3-website".
_REST_LABELS = re.compile(r"(?:.+\.)?s3(?!-website)(?:[.-][a-z0-9-]+)*")


class Partition(NamedTuple):
    """The name in ARNs, such as "aws-cn", and the domain of hosts, such as "amazonaws.com.cn"."""

    name: str
    domain: str
    region_pattern: str


def partition_of(region: str) -> Partition:
    """Return the partition of a region; an unknown region counts as one of the largest."""
    partitions = _partitions()
    matching = (one for one in partitions if re.fullmatch(one.region_pattern, region, re.ASCII))
    return next(matching, next(one for one in partitions if one.name == _DEFAULT))


def is_aws_host(host: str) -> bool:
    """Return whether a host belongs to AWS, in any partition."""
    return _labels_before_domain(host) is not None


def is_rest_host(host: str) -> bool:
    """Return whether a host is one of S3's REST API on AWS, in any partition."""
    labels = _labels_before_domain(host)
    return labels is not None and _REST_LABELS.fullmatch(labels) is not None


def _labels_before_domain(host: str) -> str | None:
    domains = (f".{partition.domain}" for partition in _partitions())
    host = host.lower()
    return next((host.removesuffix(one) for one in domains if host.endswith(one)), None)


@cache
def partition_has(partition: str, service: str) -> bool:
    """Return whether a partition has a service, such as "cloudfront"."""
    session = Session()
    return bool(
        session.get_available_regions(service, partition_name=partition, allow_non_regional=True)
    )


@cache
def _partitions() -> tuple[Partition, ...]:
    data = create_loader().load_data("partitions")
    return tuple(
        Partition(one["id"], one["outputs"]["dnsSuffix"], one["regionRegex"])
        for one in data["partitions"]
    )
