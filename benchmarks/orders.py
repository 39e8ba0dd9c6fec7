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
    """What a page of so many URLs took, in seconds, and what was asked for in one rendering."""

    candidate: str
    state: str
    urls: int
    seconds: float
    queries: int
    cache_calls: int
    s3_requests: int

    @property
    def each(self) -> float:
        """Seconds for a URL."""
        return self.seconds / self.urls
