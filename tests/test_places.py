import os

import pytest

from django_shift_media.places import places
from tests.conftest import in_a_fork


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_that_is_forked_has_threads_of_its_own() -> None:
    """As of a server that loads the application, and has answered, before its workers start."""
    assert places().decode(os.getpid) == os.getpid()
    assert in_a_fork(lambda: places().decode(os.getpid) == os.getpid())
