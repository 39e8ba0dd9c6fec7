from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from django_shift_media.upkeep.walk import Walk
from tests.support.buckets import operations
from tests.support.stores import new_key, put, resize_of


def test_a_walk_meets_every_key_once(any_storage: Any) -> None:
    stored = {put(any_storage, new_key()) for _ in range(30)}
    stored |= {put(any_storage, resize_of(key, width)) for key in list(stored) for width in (1, 2)}
    walk = Walk(any_storage, 4)
    met = [entry for page in walk for entry in page]
    assert sorted(entry.key for entry in met) == sorted(stored)
    assert {entry.size for entry in met} == {4}
    assert walk.fraction == 1


def test_what_is_stored_beside_originals_is_listed_with_few_requests(any_storage: Any) -> None:
    originals = sorted(put(any_storage, new_key()) for _ in range(30))
    wanted = {
        key: {put(any_storage, resize_of(key, width)) for width in (1, 2)} for key in originals
    }
    gone = new_key()
    asked = [*originals[::3], gone, originals[0]]  # in order, and not
    sent = operations(any_storage) if hasattr(any_storage, "client") else []
    found = {key: {entry.key for entry in entries} for key, entries in any_storage.beside(asked)}
    assert found == {**{key: wanted[key] | {key} for key in originals[::3]}, gone: set()}
    assert len(sent) <= 3


# To name what comes after a page, s3rver needs a cipher that OpenSSL has dropped.
@pytest.mark.parametrize("any_storage", ["local", "moto", "ceph"], indirect=True)
def test_pages_of_many_keys_under_one_prefix(any_storage: Any) -> None:
    original = put(any_storage, new_key())
    keys = [resize_of(original, width) for width in range(1, 1100)]
    with ThreadPoolExecutor(8) as pool:
        resizes = set(pool.map(partial(put, any_storage), keys))
    pages = list(any_storage.pages(original[:8]))
    assert {entry.key for page in pages for entry in page} == {original, *resizes}
    assert len(pages) == 2
    [(_, beside)] = any_storage.beside([original])
    assert len(beside) == 1100
    some = sorted(resizes)[:1000]
    assert any_storage.delete_all(some) == {}
    left = {entry.key for page in any_storage.pages("") for entry in page}
    assert left == {original, *resizes} - set(some)
