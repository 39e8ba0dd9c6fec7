"""The partitions of AWS, such as GovCloud and China, from the data of botocore."""

import re
from functools import cache
from typing import NamedTuple

from botocore.loaders import create_loader
from botocore.session import Session

_DEFAULT = "aws"


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
    return any(host.endswith(f".{partition.domain}") for partition in _partitions())


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
