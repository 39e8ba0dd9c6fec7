"""Define the input and output of the measuring processes, which are passed as JSON."""

from typing import Any, NamedTuple


class Order(NamedTuple):
    """
    The pages to measure.

    ``s3`` has the options of an S3 storage; if it is empty, files are on local disk. ``cache`` is
    the URL of a Redis; if it is empty, the cache is in memory. Each candidate renders for about
    ``seconds`` in each state.
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
    """The seconds, queries, cache calls and S3 requests of one rendering of a page."""

    candidate: str
    state: str
    urls: int
    seconds: float
    queries: int
    cache_calls: int
    s3_requests: int

    @property
    def each(self) -> float:
        """Return the seconds per URL."""
        return self.seconds / self.urls


class Making(NamedTuple):
    """
    The resize to generate.

    ``resize`` is written as in a key. ``small`` is a tiny photo of the same kind as ``photo``.
    ``fine`` disables chroma subsampling. The first ``warm`` renders are not counted. The last
    result is written to the file ``result``.
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
    """The CPU and wall-clock seconds of each render, and the memory in bytes."""

    cpu: list[float]
    wall: list[float]
    memory: int
