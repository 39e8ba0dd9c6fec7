"""The costs of direct uploads, in requests to S3: pure functions."""

import math
from typing import NamedTuple

from django_shift_media.costs.prices import S3_GET, S3_PUT
from django_shift_media.storages.multipart import part_size_for

# Parts in a response to ListParts.
_PAGE = 1_000


class UploadCosts(NamedTuple):
    """The dollars of a month for requests, of the same files in two ways."""

    direct: float
    through_app: float


def upload_costs(uploads: int, megabytes: float) -> UploadCosts:
    """Return the costs of uploads of images of this mean size, at list prices."""
    put = uploads * put_requests(round(megabytes * 1_000_000))
    get = uploads * 2  # a GET to examine the image, and a HEAD in case it was erased meanwhile
    return UploadCosts(S3_PUT.of(put) + S3_GET.of(get), S3_PUT.of(uploads))


def put_requests(size: int) -> int:
    """Return the requests of the class of PUT that a direct upload of so many bytes takes."""
    parts = max(math.ceil(size / part_size_for(size)), 1)
    begin, complete, lists = 1, 1, math.ceil(parts / _PAGE)
    return begin + parts + lists + complete
