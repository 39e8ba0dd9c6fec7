"""The worker pool: all threads share one, and a forked process gets its own."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client

from django_shift_media.generation.request_threads import request_threads
from django_shift_media.generation.worker_pool import worker_pool
from gallery.models import Photo
from tests.support.concurrency import at_once, in_a_fork
from tests.support.waiting import PATIENCE, wait_until


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


def test_uploads_that_are_decoded_count_as_threads_that_wait(
    photo: Photo, client: Client, settings: Any
) -> None:
    settings.SHIFT_MEDIA_CONCURRENCY = 1
    settings.SHIFT_MEDIA_THREADS = 2
    done = threading.Event()
    url = photo.photo.resize("90x90")
    with ThreadPoolExecutor(3) as threads:
        uploads = [
            threads.submit(worker_pool().decode_upload, lambda: done.wait(PATIENCE))
            for _ in range(3)
        ]
        try:
            wait_until(lambda: request_threads._taken == 3, "all uploads to be there")
            answer = client.get(url)
        finally:
            done.set()
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert all(upload.result() for upload in uploads)
    assert client.get(url).status_code == 200


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_that_is_forked_has_threads_of_its_own() -> None:
    """As of a server that loads the application, and has answered, before its workers start."""
    assert worker_pool().decode(os.getpid) == os.getpid()
    assert in_a_fork(lambda: worker_pool().decode(os.getpid) == os.getpid())
