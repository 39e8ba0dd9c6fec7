"""How many bytes of uploads a process holds while it sends them to S3."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import TemporaryUploadedFile

from django_shift_media.naming import keys
from django_shift_media.storages.upload_memory import ByteBudget, request_body, upload_memory
from tests.support.buckets import new_bucket, operations
from tests.support.waiting import wait_until


def temporary(content: bytes) -> TemporaryUploadedFile:
    file = TemporaryUploadedFile("a.pdf", "application/pdf", len(content), None)
    file.write(content)
    return file


def test_all_threads_together_hold_no_more_than_the_budget() -> None:
    budget, held, most = ByteBudget(100), [0], [0]
    lock = threading.Lock()

    def change(size: int) -> None:
        with lock:
            held[0] += size
            most[0] = max(most[0], held[0])

    def upload(size: int) -> None:
        if budget.take(size):
            change(size)
            change(-size)
            budget.give_back(size)
        with budget.reserve(size):
            change(min(size, 100))
            change(-min(size, 100))

    sizes = [random.Random(1).randint(0, 250) for _ in range(400)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(upload, sizes))
    assert 0 < most[0] <= 100
    assert held == [0]
    assert budget.take(100), "all of it was given back"


def test_who_needs_more_than_there_is_waits_for_all_of_it_and_is_not_overtaken() -> None:
    budget, done = ByteBudget(10), threading.Event()
    assert budget.take(1)

    def large() -> None:
        with budget.reserve(1_000):
            done.set()

    thread = threading.Thread(target=large)
    thread.start()
    wait_until(lambda: not budget.take(0), "it waits")
    assert not done.is_set()
    budget.give_back(1)
    thread.join()
    assert done.is_set()
    assert budget.take(10)


def test_what_fails_gives_its_bytes_back() -> None:
    budget = ByteBudget(10)
    with pytest.raises(ValueError), budget.reserve(10):
        raise ValueError
    assert budget.take(10)


@pytest.fixture(params=["in memory", "while it is sent"])
def read(request: Any, settings: Any) -> str:
    """How a file is read: with and without room for it."""
    if request.param == "while it is sent":
        settings.SHIFT_MEDIA_UPLOAD_MEMORY = 1
    return str(request.param)


def test_an_upload_is_stored_as_it_is(s3: Any, settings: Any, read: str, tmp_path: Path) -> None:
    storage = new_bucket(settings, s3)
    content = random.Random(2).randbytes(300_000)
    on_disk = tmp_path / "a.pdf"
    on_disk.write_bytes(content)
    with on_disk.open("rb") as opened:
        files = [temporary(content), ContentFile(content), File(opened), ContentFile(b"")]
        for file, expected in zip(files, [content] * 3 + [b""], strict=True):
            name = storage.save(keys.new_original("a.pdf"), file)
            assert storage.get(name) == expected
    assert storage.get(storage.save(keys.new_original("a.txt"), ContentFile("ü"))) == "ü".encode()


def test_a_key_that_exists_is_not_overwritten(moto: Any, settings: Any, read: str) -> None:
    storage = new_bucket(settings, moto)
    name = keys.new_original("a.pdf")
    asked = operations(storage)
    stored = [storage.save(name, temporary(content)) for content in (b"one", b"two")]
    assert [storage.get(key) for key in stored] == [b"one", b"two"]
    assert stored[0] == name != stored[1]
    assert asked.count("PutObject") == 3, "the second at first under the same key"


def test_uploads_for_which_there_is_no_room_are_read_while_they_are_sent(settings: Any) -> None:
    settings.SHIFT_MEDIA_UPLOAD_MEMORY = 2_500
    everybody = threading.Barrier(8)

    def body(content: bytes) -> Any:
        with request_body(temporary(content)) as body:
            everybody.wait()
            return body if isinstance(body, bytes) else (body.read(400), body.read())

    contents = [bytes([number]) * 1_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(body, contents))
    whole = [body for body in bodies if isinstance(body, bytes)]
    assert len(whole) == 2
    assert [body if isinstance(body, bytes) else b"".join(body) for body in bodies] == contents
    assert upload_memory().take(2_500), "all of it was given back"
    upload_memory().give_back(2_500)


def test_an_upload_in_parts_does_not_wait_for_more_than_there_is(
    moto: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SHIFT_MEDIA_UPLOAD_MEMORY = 1
    monkeypatch.setattr("django_shift_media.storages.s3._MAX_SINGLE_PUT", 1_000)
    storage = new_bucket(settings, moto)
    content = random.Random(4).randbytes(9 * 1024 * 1024)
    asked = operations(storage)
    name = storage.save(keys.new_original("a.pdf"), temporary(content))
    assert asked.count("UploadPart") == 2
    assert storage.get(name) == content
