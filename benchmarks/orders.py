"""What goes to processes that measure, and what comes back; all as JSON."""

from typing import Any, NamedTuple


class Order(NamedTuple):
    """
    What pages to measure. ``s3`` has the options of an S3 storage; none: local disk.

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


class Making(NamedTuple):
    """
    What resize to make. It is spelt as in its key; ``small`` is as ``photo``, but for its size.

    ``fine``: each pixel has a color of its own, where a format may have one for four. The first
    ``warm`` renders are not counted; the last result is kept in a file.
    """

    candidate: str
    photo: str
    small: str
    resize: str
    fine: bool
    warm: int
    renders: int
    result: str


class Made(NamedTuple):
    """Of each render, the seconds of all processors and of the clock; and bytes of memory."""

    cpu: list[float]
    wall: list[float]
    memory: int
