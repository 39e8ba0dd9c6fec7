"""Threads, and processes that share a cache, make each resize only once."""

import gc
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from django_shift_media.exceptions import Busy
from django_shift_media.generation import cache_lock, single_flight
from django_shift_media.generation.cache_lock import cache_store
from django_shift_media.generation.generate import Generation
from django_shift_media.generation.single_flight import SingleFlight
from django_shift_media.naming.signing import unsign
from django_shift_media.storages.fork_safe_lock import ForkSafeLock
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.concurrency import at_once, in_a_fork
from tests.support.waiting import PATIENCE, wait_until


def use(shared: SingleFlight[Any], compute: Callable[[], Any]) -> Any:
    with shared.use("key", compute) as value:
        return value


def wait_for_users(shared: SingleFlight[Any], number: int) -> None:
    """Wait until so many use or compute the value."""

    def have_come() -> bool:
        entry = shared._entries.get("key")
        return entry is not None and entry.users == number

    wait_until(have_come, f"{number} users of one value")


def test_threads_share_one_computation() -> None:
    shared: SingleFlight[Any] = SingleFlight()
    calls: list[int] = []
    wanted = 10

    def compute() -> object:
        calls.append(1)
        wait_for_users(shared, wanted)
        return object()

    assert len(set(at_once([lambda: use(shared, compute)] * 10))) == 1
    assert len(calls) == 1
    wanted = 1
    use(shared, compute)
    assert len(calls) == 2, "nothing is kept once nobody uses it"


def test_threads_share_one_failure_and_the_next_tries_again() -> None:
    shared: SingleFlight[Any] = SingleFlight()
    calls: list[int] = []

    def compute() -> object:
        calls.append(1)
        wait_for_users(shared, 10)
        raise OSError("once")

    assert {str(error) for error in at_once([lambda: use(shared, compute)] * 10)} == {"once"}
    assert len(calls) == 1
    assert use(shared, lambda: "again") == "again"


def test_a_thread_that_is_ended_does_not_end_those_that_wait() -> None:
    shared: SingleFlight[Any] = SingleFlight()
    started = threading.Event()
    ended: list[BaseException] = []

    def be_ended() -> None:
        started.set()
        wait_for_users(shared, 2)
        raise SystemExit

    def run() -> None:
        try:
            use(shared, be_ended)
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    with pytest.raises(Busy):
        use(shared, lambda: "not computed: the first one still runs")
    thread.join()
    assert isinstance(ended[0], SystemExit)
    assert use(shared, lambda: "again") == "again"


def test_a_failure_keeps_no_value_alive() -> None:
    class Large:
        pass

    shared: SingleFlight[Any] = SingleFlight()
    kept: list[Any] = []

    def fail() -> None:
        with shared.use("key", Large) as value:
            kept.append(weakref.ref(value))
            raise OSError

    gc.disable()
    try:
        with pytest.raises(OSError):
            use(SingleFlight(), fail)
        assert kept[0]() is None
        assert isinstance(use(shared, lambda: 5), int)
    finally:
        gc.enable()


def test_who_waits_for_too_long_is_sent_away(monkeypatch: Any) -> None:
    monkeypatch.setattr(single_flight, "WAIT_SECONDS", 0.3)
    shared: SingleFlight[Any] = SingleFlight()
    done = threading.Event()
    slow = threading.Thread(target=lambda: use(shared, lambda: done.wait(PATIENCE)))
    slow.start()
    wait_for_users(shared, 1)
    with pytest.raises(Busy):
        use(shared, lambda: None)
    done.set()
    slow.join()


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_that_is_forked_waits_for_no_thread_of_its_parent() -> None:
    def free() -> bool:
        with lock.held():
            return True

    lock = ForkSafeLock()
    with lock.held():
        assert in_a_fork(free)


def test_a_lock_is_held_by_one() -> None:
    inside: list[int] = []

    def enter() -> int:
        with cache_store.lock("lock"):
            inside.append(1)
            assert len(inside) == 1
            time.sleep(0.02)  # in which others could come
            inside.pop()
            return 1

    assert at_once([enter] * 8) == [1] * 8
    assert cache.get("lock") is None


def test_a_lock_of_a_holder_that_died_frees_itself() -> None:
    cache.set("lock", "a holder that died", 1)
    with cache_store.lock("lock"):
        assert cache.get("lock") not in {None, "a holder that died"}


def test_a_lock_is_renewed_for_as_long_as_it_is_held(monkeypatch: Any) -> None:
    monkeypatch.setattr(cache_lock, "_RENEW_SECONDS", 0.01)

    def expires() -> float:
        return cache._expire_info[cache.make_key("lock")]  # type: ignore[no-any-return]

    with cache_store.lock("lock"):
        token = cache.get("lock")
        for _ in range(3):
            before = expires()
            wait_until(lambda before=before: expires() > before, "the lock to be renewed")
        assert cache.get("lock") == token
    assert cache.get("lock") is None


def test_a_lock_that_is_never_free_sends_away(monkeypatch: Any) -> None:
    monkeypatch.setattr(cache_lock, "WAIT_SECONDS", 0.3)
    cache.set("lock", "somebody", None)
    with pytest.raises(Busy), cache_store.lock("lock"):
        pass
    assert cache.get("lock") == "somebody"


def test_a_lock_that_may_have_run_out_is_not_taken_from_the_next(monkeypatch: Any) -> None:
    # One second of which the holder trusts none: it is renewed each second.
    monkeypatch.setattr(cache_lock, "LOCK_SECONDS", 1)
    with cache_store.lock("lock"):
        cache.set("lock", "another", None)
    assert cache.get("lock") == "another"


def test_processes_that_share_a_cache_make_a_resize_once(photo: Photo, caplog: Any) -> None:
    """Each call below is what the first thread of a process does."""
    caplog.set_level("INFO", "django_shift_media")
    key = photo.photo.resize("50x50").removeprefix("/media/")
    original, resize = unsign(key)
    storage = media_storage()
    results = at_once([lambda: Generation(storage, key, original, resize).run()] * 8)
    assert len({result.data for result in results}) == 1
    assert sorted(result.timings is not None for result in results) == [False] * 7 + [True]
    assert sum(record.message.startswith("Made ") for record in caplog.records) == 1
