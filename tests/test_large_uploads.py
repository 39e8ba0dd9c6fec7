"""The memory of the app while large files go to the storage, in processes of their own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.storages.multipart import expected_parts
from tests.support.buckets import new_bucket
from tests.support.direct_uploads import LiveUploader, stored
from tests.support.galleries import MANAGE, Workers, environment, gunicorn

pytestmark = [pytest.mark.nightly, pytest.mark.server]
MIB = 1024**2
GIB = 1024**3
# Beyond that of a process that has taken a file of one byte; a part has 8 MiB.
MEMORY = 32 * MIB


@contextmanager
def site(folder: Path, server: Any = None, bucket: str = "") -> Iterator[Workers]:
    account = {"DJANGO_SUPERUSER_USERNAME": "ann", "DJANGO_SUPERUSER_PASSWORD": "ann"}
    variables = environment(folder, server, bucket, GALLERY_DIRECT="yes", **account)
    for command in (["migrate"], ["createsuperuser", "--no-input", "--email", "a@b.example"]):
        manage = [sys.executable, str(MANAGE), *command]
        subprocess.run(manage, env=variables, check=True, stdout=subprocess.DEVNULL)
    with gunicorn(variables, workers=1, threads=4) as workers:
        yield workers


def begin(workers: Workers, size: int) -> tuple[LiveUploader, str]:
    """Let the process import its modules; return an upload of so many bytes that has begun."""
    ann = LiveUploader(workers.url, "ann", "gallery.attachment.file")
    assert ann.upload(b"a", "a.bin").status == 200
    return ann, ann.begin(b"", "large.bin", size=size).body["upload"]


@pytest.mark.parametrize("server", [None, "moto"])
def test_an_upload_of_300_megabytes_takes_little_memory(
    running: Any, settings: Any, tmp_path: Path, server: str | None
) -> None:
    size = 300_000_000
    started = running(server) if server else None
    bucket = new_bucket(settings, started).bucket_name if started else ""
    with site(tmp_path, started, bucket) as workers:
        ann, upload = begin(workers, size)
        before = workers.forget_peak_memory()
        for part in expected_parts(size):
            assert ann.put(ann.url(upload, part.number), bytes(part.size)) == 200
        answer = ann.post("complete/", upload=upload)
        assert (answer.status, answer.body["size"]) == (200, size)
        assert workers.peak_memory() - before < MEMORY


def test_an_upload_of_more_than_5_gib_takes_little_memory(tmp_path: Path) -> None:
    """S3 copies and puts objects of up to 5 GiB; these parts are holes on disk."""
    size = 5 * GIB + 1
    with site(tmp_path) as workers:
        ann, upload = begin(workers, size)
        before = workers.forget_peak_memory()
        (folder,) = (tmp_path / "media" / ".uploads").iterdir()
        for part in expected_parts(size):
            with (folder / str(part.number)).open("xb") as file:
                file.truncate(part.size)
        answer = ann.post("complete/", upload=upload)
        assert (answer.status, answer.body["size"]) == (200, size)
        assert workers.peak_memory() - before < MEMORY
    storage = LocalMediaStorage(location=tmp_path / "media")
    assert sorted(storage.size(key) for key in stored(storage)) == [1, size]
