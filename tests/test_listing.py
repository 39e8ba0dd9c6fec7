"""Listing a storage: every key once, with few requests, and a signal can stop it."""

import inspect
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, _base, thread
from functools import partial
from typing import Any

import pytest

from django_shift_media.maintenance.listing import Listing, in_threads
from tests.support.buckets import operations
from tests.support.clouds import CLOUDS
from tests.support.concurrency import in_a_fork
from tests.support.stored_objects import is_on_s3, new_key, put, resize_of

# Before, between and after the digits with which keys begin, and with one such digit.
OF_OTHERS = ["CACHE/a.txt", "-/a.txt", "assets/a.txt", "0/a.txt", "zoo.txt", "9é.txt", "é.txt"]


def test_a_walk_meets_every_key_once(any_storage: Any) -> None:
    stored = {put(any_storage, new_key()) for _ in range(30)}
    stored |= {put(any_storage, resize_of(key, width)) for key in list(stored) for width in (1, 2)}
    put(any_storage, "static/a.txt")  # of somebody else
    sent = operations(any_storage) if is_on_s3(any_storage) else []
    walk = Listing(any_storage, 4)
    met = [entry for page in walk for entry in page]
    assert len(sent) <= 1, "few objects take one request"
    assert sorted(entry.key for entry in met) == sorted(stored)
    assert {entry.size for entry in met} == {4}
    assert walk.fraction == 1
    everything = [entry.key for page in Listing(any_storage, 4, everything=True) for entry in page]
    assert sorted(everything) == sorted([*stored, "static/a.txt"])


def test_what_is_stored_beside_originals_is_listed_with_few_requests(any_storage: Any) -> None:
    originals = sorted(put(any_storage, new_key()) for _ in range(30))
    wanted = {
        key: {put(any_storage, resize_of(key, width)) for width in (1, 2)} for key in originals
    }
    gone = new_key()
    asked = [*originals[::3], gone, originals[0]]  # in order, and not
    sent = operations(any_storage) if is_on_s3(any_storage) else []
    found = {
        key: {entry.key for entry in entries} for key, entries in any_storage.list_uploads(asked)
    }
    assert found == {**{key: wanted[key] | {key} for key in originals[::3]}, gone: set()}
    assert len(sent) <= 3


# To name what comes after a page, s3rver needs a cipher that OpenSSL has dropped.
@pytest.mark.parametrize(
    "any_storage",
    [
        *("local", "ceph"),
        *(pytest.param(name, marks=pytest.mark.nightly) for name in ("moto", *CLOUDS)),
    ],
    indirect=True,
)
def test_pages_of_many_keys_under_one_prefix(any_storage: Any) -> None:
    original = put(any_storage, new_key())
    keys = [resize_of(original, width) for width in range(1, 1100)]
    with ThreadPoolExecutor(8) as pool:
        resizes = set(pool.map(partial(put, any_storage), keys))
    pages = list(any_storage.list_pages(original[:8]))
    assert {entry.key for page in pages for entry in page} == {original, *resizes}
    assert len(pages) == 2
    put(any_storage, "static/a.txt")  # of somebody else
    walk = Listing(any_storage, 4)
    assert {entry.key for page in walk for entry in page} == {original, *resizes}
    assert walk.fraction == 1
    others = sorted({put(any_storage, name) for name in OF_OTHERS} | {"static/a.txt"})
    walk = Listing(any_storage, 4, everything=True)
    met = sorted(entry.key for page in walk for entry in page)
    assert met == sorted([original, *resizes, *others])
    assert walk.fraction == 1
    for name in others:
        any_storage.delete(name)
    [(_, beside)] = any_storage.list_uploads([original])
    assert len(beside) == 1100
    some = sorted(resizes)[:1000]
    assert any_storage.delete_many(some) == {}
    left = {entry.key for page in any_storage.list_pages("") for entry in page}
    assert left == {original, *resizes} - set(some)


# -- what ends it ---------------------------------------------------------------------------------


_MACHINERY = {inspect.getsourcefile(module) for module in (_base, thread, threading)}


class End(Exception):
    """What the handler of a signal raises."""


def end(*_: object) -> None:
    raise End


def go_through(signaled: int) -> int:
    """
    Go through something in threads; send a signal before that line of the library's code.

    Return how many lines there were, or fewer if they ended before the last one.
    """
    lines = 0

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal lines
        if event == "line" and frame.f_code.co_filename in _MACHINERY:
            lines += 1
            if lines == signaled:
                signal.raise_signal(signal.SIGTERM)
        return trace

    before = signal.signal(signal.SIGTERM, end)
    sys.settrace(trace)
    try:
        for _ in in_threads(str, range(4), 1):
            pass
    except End:
        pass
    finally:
        sys.settrace(None)
        signal.signal(signal.SIGTERM, before)
    return lines


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_signal_ends_it_at_any_moment() -> None:
    """Nothing is left locked that its threads wait for."""
    lines = go_through(0)
    assert lines > 100
    for number in range(1, lines, 7):
        assert in_a_fork(lambda number=number: go_through(number) > 0), f"before line {number}"
