"""What goes to a process that measures pages, and what comes back; both as JSON."""

from typing import Any, NamedTuple


class Order(NamedTuple):
    """
    What to measure. ``s3`` has the options of an S3 storage; none: local disk.

    ``cache`` is the URL of a Redis, "": memory. A candidate renders ``seconds`` in each state,
    more or less.
    """

    folder: str
    s3: dict[str, Any]
    s3_log: str
    cache: str
    candidates: list[str]
    objects: int
    cold_objects: int
    cold_side: int
    seconds: float


class Line(NamedTuple):
    """What a candidate took: seconds for the page, and what it asked for in one rendering."""

    candidate: str
    state: str
    objects: int
    seconds: float
    queries: int
    cache_calls: int
    s3_requests: int
