"""The worker pool: all threads share one, and a forked process gets its own."""

import os
from typing import Any

import pytest

from django_shift_media.generation.worker_pool import worker_pool
from tests.support.concurrency import at_once, in_a_fork
from tests.support.waiting import wait_until


def test_threads_that_come_first_share_the_places(settings: Any) -> None:
    came: list[int] = []

    class SlowNumber(int):
        """One that is reckoned with once all threads have come."""

        def __mul__(self, other: int) -> int:
            wait_until(lambda: len(came) == 10, "all threads to come")
            return int(self) * other

    def come() -> int:
        came.append(1)
        return id(worker_pool())

    settings.SHIFT_MEDIA_CONCURRENCY = SlowNumber(97)  # which no other test has
    assert len(set(at_once([come] * 10))) == 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_that_is_forked_has_threads_of_its_own() -> None:
    """As of a server that loads the application, and has answered, before its workers start."""
    assert worker_pool().decode(os.getpid) == os.getpid()
    assert in_a_fork(lambda: worker_pool().decode(os.getpid) == os.getpid())
