import os
import signal

import pytest

from django_shift_media.places import places


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_that_is_forked_has_threads_of_its_own() -> None:
    """As of a server that loads the application, and has answered, before its workers start."""
    assert places().decode(os.getpid) == os.getpid()
    if not (child := os.fork()):
        signal.alarm(30)
        try:
            os._exit(places().decode(os.getpid) != os.getpid())
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
