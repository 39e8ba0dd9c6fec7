"""Count the queries, cache calls and S3 requests of a page."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache import cache
from django.db import connection

from tests.support.loads import CountedS3

_CACHE_CALLS = (
    *("add", "decr", "delete", "delete_many", "get", "get_many", "get_or_set", "has_key", "incr"),
    *("set", "set_many", "touch"),
)


@contextmanager
def counting(s3: CountedS3 | None) -> Iterator[Counter[str]]:
    """Yield the counts of "queries", "cache calls" and "S3 requests" within the block."""
    counted = Counter({"queries": 0, "cache calls": 0, "S3 requests": -_requests(s3)})

    def count_query(execute: Callable[..., Any], *arguments: Any) -> Any:
        counted["queries"] += 1
        return execute(*arguments)

    with connection.execute_wrapper(count_query), _counting_cache_calls(counted):
        yield counted
    counted["S3 requests"] += _requests(s3)


def _requests(s3: CountedS3 | None) -> int:
    return len(s3.requests()) if s3 else 0


@contextmanager
def _counting_cache_calls(counted: Counter[str]) -> Iterator[None]:
    """Count calls of the default cache, but not the calls that its own methods make."""
    depth = 0

    def count_call(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            nonlocal depth
            counted["cache calls"] += not depth
            depth += 1
            try:
                return call(*arguments, **options)
            finally:
                depth -= 1

        return called

    for name in _CACHE_CALLS:
        setattr(cache, name, count_call(getattr(cache, name)))
    try:
        yield
    finally:
        for name in _CACHE_CALLS:
            delattr(cache, name)
