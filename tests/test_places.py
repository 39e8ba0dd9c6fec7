import os
import time
from typing import Any

import pytest

from django_shift_media.places import places
from tests.support.concurrency import at_once, in_a_fork


class SlowNumber(int):
    """One that takes its time to be reckoned with, as all do on a machine that has other work."""

    def __mul__(self, other: int) -> int:
        time.sleep(0.1)
        return int(self) * other


def test_threads_that_come_first_share_the_places(settings: Any) -> None:
    settings.SHIFT_MEDIA_CONCURRENCY = SlowNumber(97)  # which no other test has
    assert len({id(found) for found in at_once([places] * 10)}) == 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_that_is_forked_has_threads_of_its_own() -> None:
    """As of a server that loads the application, and has answered, before its workers start."""
    assert places().decode(os.getpid) == os.getpid()
    assert in_a_fork(lambda: places().decode(os.getpid) == os.getpid())
