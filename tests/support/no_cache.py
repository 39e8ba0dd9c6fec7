"""A cache for tests of pages that may not use any."""

from typing import Any


class NoCache:
    def __init__(self, *args: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name == "close":
            return lambda **kwargs: None
        raise AssertionError(f"a cache call: {name}")
