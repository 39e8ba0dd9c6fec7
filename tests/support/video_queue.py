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
    later.clear()
    settings.SHIFT_MEDIA_ENQUEUE = f"{__name__}.enqueue"


def work() -> None:
    """Do the jobs, as a worker does."""
    while jobs:
        prewarm.make_missing(*jobs.pop(0))


# Jobs that are to begin later.
later: list[tuple[list[str], str | None]] = []


def enqueue_with_delay(keys: Sequence[str], storage: str | None = None, delay: int = 0) -> None:
    """As ``enqueue()``, for a queue that can begin tasks later."""
    (later if delay else jobs).append((list(keys), storage))


def work_later() -> None:
    """Do what was to begin later, as the worker does after the delay."""
    jobs.extend(later)
    later.clear()
    work()


def fail(keys: Sequence[str], storage: str | None = None) -> None:
    """Be a queue that is down."""
    raise ConnectionError("The queue is down.")
