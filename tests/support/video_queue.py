"""A queue for videos whose worker is the test itself."""

from collections.abc import Sequence
from typing import Any

from django_shift_media.generation import prewarm

# The jobs, each as the keys and the alias of the storage.
jobs: list[tuple[list[str], str | None]] = []


def enqueue(keys: Sequence[str], storage: str | None = None) -> None:
    """Keep a job: a value for ``SHIFT_MEDIA_ENQUEUE``."""
    jobs.append((list(keys), storage))


def use(settings: Any) -> None:
    jobs.clear()
    settings.SHIFT_MEDIA_ENQUEUE = f"{__name__}.enqueue"


def work() -> None:
    """Do the jobs, as a worker does."""
    while jobs:
        prewarm.make_missing(*jobs.pop(0))
