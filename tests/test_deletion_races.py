"""A resize that is generated while its original is deleted, in every order of their steps."""

import itertools
import shutil
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.test import Client

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.generation.generate import find_or_generate
from django_shift_media.generation.prewarm import make
from django_shift_media.naming import keys
from django_shift_media.storages.erasure import erase_upload, tombstone_of
from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.storages.object_storage import ObjectMediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.buckets import new_bucket
from tests.support.concurrency import at_once
from tests.support.stored_objects import keys_of
from tests.support.versions import enable_versions, held
from tests.support.waiting import PATIENCE

# A generation fetches the original, stores the resize, and looks whether the original is there. A
# deletion deletes the original, lists what belongs to it, and deletes that.
GENERATE, DELETE = "g", "d"
S3_STEPS = {
    "GetObject",
    "PutObject",
    "HeadObject",
    "DeleteObject",
    "ListObjectsV2",
    "DeleteObjects",
}


def orders(*counts: int) -> list[str]:
    steps = GENERATE * counts[0] + DELETE * counts[1]
    return sorted({"".join(order) for order in itertools.permutations(steps)})


class Turns:
    """Have two threads take their steps in a given order, which ends for a thread that ends."""

    def __init__(self, order: str) -> None:
        self.order = list(order)
        self.changed = threading.Condition()

    def wait(self) -> None:
        name = threading.current_thread().name
        with self.changed:
            assert self.changed.wait_for(
                lambda: name in self.order[:1] or name not in self.order, PATIENCE
            )

    def end_step(self) -> None:
        with self.changed:
            if self.order[:1] == [threading.current_thread().name]:
                del self.order[0]
            self.changed.notify_all()

    def run(self, name: str, function: Callable[[], Any]) -> Any:
        threading.current_thread().name = name
        try:
            return function()
        except Exception as error:
            return error
        finally:
            with self.changed:
                self.order = [other for other in self.order if other != name]
                self.changed.notify_all()

    def step(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Make each call of a function a step."""

        def call(*args: Any, **options: Any) -> Any:
            self.wait()
            try:
                return function(*args, **options)
            finally:
                self.end_step()

        return call


def race(turns: Turns, *functions: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(turns.run, (GENERATE, DELETE), functions))


DELETION = ("PutObject", "ListObjectsV2", "DeleteObjects")


def take_turns_in_requests(
    storage: Any, turns: Turns, original: str, others: Collection[str] = DELETION
) -> None:
    """Make the requests of both to S3 steps; what concerns only the resize is none."""
    waiting = threading.local()

    def begin(params: Any, model: Any, **_: Any) -> None:
        waiting.is_step = params.get("Key") == original or model.name in others
        if waiting.is_step:
            turns.wait()

    def end(**_: Any) -> None:
        if waiting.is_step:
            turns.end_step()

    storage.client.meta.events.register("before-parameter-build.s3", begin)
    storage.client.meta.events.register("after-call.s3", end)


def new_photo(data: bytes) -> Any:
    return Photo.objects.create(photo=ContentFile(data, name="small.jpg")).photo


def assert_gone(storage: Any, photo: Any, client: Client) -> None:
    listed = [entry for page in storage.list_pages(photo.name[:36]) for entry in page]
    assert listed == []
    key = photo.resize("90x90").removeprefix(storage.media_url)
    assert client.get(f"/media/{key}").status_code == 404
    assert not storage.exists(key)


def assert_race_is_lost(storage: Any, photo: Any, turns: Turns, client: Client) -> None:
    """Generate a resize and delete its original in turns: nothing is left, whatever the order."""
    key = photo.resize("90x90").removeprefix(storage.media_url)
    first_deletion, last_look = turns.order.index(DELETE), _last(turns.order, GENERATE)
    generated, deleted = race(
        turns, lambda: find_or_generate(storage, key), lambda: storage.delete(photo.name)
    )
    assert deleted is None
    assert isinstance(generated, FileNotFoundError) == (first_deletion < last_look), generated
    assert_gone(storage, photo, client)


def _last(order: list[str], step: str) -> int:
    return len(order) - 1 - order[::-1].index(step)


@pytest.mark.parametrize("order", orders(3, 3))
def test_no_resize_outlives_its_original_on_s3(
    settings: Any, moto: Any, db: None, small_jpeg: bytes, client: Client, order: str
) -> None:
    storage = new_bucket(settings, moto)
    photo = new_photo(small_jpeg)
    turns = Turns(order)
    take_turns_in_requests(storage, turns, photo.name)
    assert_race_is_lost(storage, photo, turns, client)


@pytest.mark.parametrize("mode", ["website", "failover", "app"])
@pytest.mark.parametrize("order", ["gdggdd", "gdddgg", "ggdddg"])
def test_no_resize_outlives_its_original_on_each_server(
    settings: Any, s3: Any, db: None, small_jpeg: bytes, client: Client, mode: str, order: str
) -> None:
    storage = new_bucket(settings, s3, mode=mode)
    photo = new_photo(small_jpeg)
    turns = Turns(order)
    take_turns_in_requests(storage, turns, photo.name)
    assert_race_is_lost(storage, photo, turns, client)


# On local disk, a deletion has two steps: the original, then the folder.
@pytest.mark.parametrize("order", orders(3, 2))
def test_no_resize_outlives_its_original_on_local_disk(
    photo: Photo, client: Client, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    storage, turns = media_storage(), Turns(order)
    monkeypatch.setattr(shutil, "rmtree", turns.step(shutil.rmtree))
    monkeypatch.setattr(FileSystemStorage, "delete", turns.step(FileSystemStorage.delete))
    monkeypatch.setattr(LocalMediaStorage, "put", turns.step(LocalMediaStorage.put))
    for name in ("get", "exists"):
        function = getattr(LocalMediaStorage, name)
        monkeypatch.setattr(LocalMediaStorage, name, step_for_originals(turns, function))
    assert_race_is_lost(storage, photo.photo, turns, client)


@pytest.mark.nightly
@pytest.mark.parametrize("order", orders(3, 3))
def test_no_resize_outlives_its_original_on_other_clouds(
    cloud_storage: Any,
    db: None,
    small_jpeg: bytes,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    order: str,
) -> None:
    photo, turns, storage = new_photo(small_jpeg), Turns(order), ObjectMediaStorage
    for name in ("get", "exists"):
        function = step_for_originals(turns, getattr(type(cloud_storage), name))
        monkeypatch.setattr(type(cloud_storage), name, function)
    for name in ("put", "delete_items"):
        monkeypatch.setattr(storage, name, turns.step(getattr(storage, name)))
    list_pages = type(cloud_storage).list_pages
    in_turn = turns.step(lambda *args: list(list_pages(*args)))
    monkeypatch.setattr(type(cloud_storage), "list_pages", in_turn)
    assert_race_is_lost(cloud_storage, photo, turns, client)


def step_for_originals(turns: Turns, function: Callable[..., Any]) -> Callable[..., Any]:
    in_turn = turns.step(function)

    def call(storage: Any, key: str, **options: Any) -> Any:
        return (in_turn if keys.is_original(key) else function)(storage, key, **options)

    return call


def test_many_resizes_are_stored_while_their_folder_is_removed(photo: Photo) -> None:
    storage = media_storage()
    original = str(photo.photo.name)
    resizes = [photo.photo.resize(f"{side}x{side}") for side in range(20, 60)]
    names = [url.removeprefix(storage.media_url) for url in resizes]
    outcomes = at_once(
        [lambda: storage.delete(original)]
        + [lambda name=name: find_or_generate(storage, name) for name in names]
    )
    assert outcomes[0] is None
    assert not (Path(storage.path("")) / original[:8]).exists()


def test_no_resize_that_is_generated_in_advance_outlives_its_original(
    photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = media_storage()
    original = str(photo.photo.name)
    names = [
        photo.photo.resize(f"{side}x{side}").removeprefix(storage.media_url) for side in (20, 30)
    ]
    generated = make(storage, original, names)
    assert next(generated)[0] == names[0]
    storage.delete(original)
    with pytest.raises(FileNotFoundError):
        list(generated)
    assert not any(storage.exists(name) for name in names)


def test_no_resize_outlives_its_original_when_generating_in_advance_fails_or_stops(
    photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = media_storage()
    original, put = str(photo.photo.name), storage.put
    names = [
        photo.photo.resize(f"{side}x{side}").removeprefix(storage.media_url) for side in (20, 30)
    ]

    def delete_and_fail(key: str, data: bytes) -> None:
        if key == names[1]:
            storage.delete(original)
            Path(storage.path(names[0])).parent.mkdir(parents=True)
            put(names[0], b"as if it had been stored a moment later")
            raise StorageUnavailable("no space left")
        put(key, data)

    monkeypatch.setattr(storage, "put", delete_and_fail)
    with pytest.raises((FileNotFoundError, StorageUnavailable)):
        list(make(storage, original, names))
    assert not any(storage.exists(name) for name in names)


# -- erasing --------------------------------------------------------------------------------------

# An erasure of an upload without resizes, in a bucket with versions: the tombstone, listings of
# versions, the original, a listing of resizes, and the versions.
ERASURE = ("PutObject", "ListObjectVersions", "DeleteObject", "ListObjectsV2", "DeleteObjects")
# How many of its steps come before each step of a generation.
POSITIONS = list(itertools.combinations_with_replacement(range(10), 3))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(each, marks=() if number % 20 == 0 else pytest.mark.nightly)
        for number, each in enumerate(POSITIONS)
    ],
)
def test_no_resize_outlives_an_erasure(
    settings: Any, moto: Any, db: None, small_jpeg: bytes, client: Client, before: Any
) -> None:
    storage = new_bucket(settings, moto, mode="app")
    enable_versions(storage)
    photo = new_photo(small_jpeg)
    key = photo.resize("90x90").removeprefix(storage.media_url)
    lengths = [before[0], before[1] - before[0], before[2] - before[1]]
    turns = Turns("".join(DELETE * length + GENERATE for length in lengths))
    take_turns_in_requests(storage, turns, photo.name, ERASURE)
    _, erasure = race(
        turns, lambda: find_or_generate(storage, key), lambda: erase_upload(storage, photo.name)
    )
    assert not isinstance(erasure, Exception)
    assert held(storage) == [tombstone_of(photo.name)]
    assert client.get(f"/media/{key}").status_code == 404


def test_nothing_is_served_from_the_moment_of_the_deletion(
    any_storage: Any, db: None, small_jpeg: bytes
) -> None:
    """Viewers ask for many resizes, new and stored, while the original is deleted."""
    photo = new_photo(small_jpeg)
    keys_ = [
        photo.resize(f"{side}x{side}").removeprefix(any_storage.media_url) for side in range(20, 60)
    ]
    deleted = threading.Event()
    served_late = []

    def view(number: int) -> int:
        for key in keys_[number::4] * 3:
            was_deleted = deleted.is_set()
            status = Client().get(f"/media/{key}").status_code
            is_served = status == 200 or (status == 301 and any_storage.exists(key))
            if was_deleted and is_served:
                served_late.append(key)
        return number

    def delete() -> None:
        any_storage.delete(photo.name)
        deleted.set()

    outcomes = at_once([partial(view, number) for number in range(4)] + [delete])
    assert outcomes == [0, 1, 2, 3, None]
    assert served_late == []
    assert keys_of(any_storage) == set()
