"""A storage that fails, on S3 and on local disk: what is answered, what is kept, what is left."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.naming import keys
from django_shift_media.storages.s3 import S3MediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.browsing import fetch
from tests.support.buckets import change_options, new_bucket
from tests.support.concurrency import at_once
from tests.support.faults import Fault, FaultyProxy, faulty_proxy, hurry
from tests.support.galleries import environment, gallery
from tests.support.servers import ROOT, free_port
from tests.support.waiting import PATIENCE, wait_until

both = pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)


@pytest.fixture
def proxy(s3: Any) -> Iterator[FaultyProxy]:
    with faulty_proxy(s3.endpoint_url) as proxy:
        yield proxy


@pytest.fixture
def storage(settings: Any, s3: Any, proxy: FaultyProxy) -> Any:
    """A new bucket, seen through the proxy."""
    straight = new_bucket(settings, s3)
    straight.put("first", b"")  # Ceph makes its pools for it
    straight.delete("first")
    storage = change_options(settings, endpoint_url=proxy.endpoint_url)
    hurry(storage, proxy.is_silent)
    return storage


@pytest.fixture
def resize(storage: Any, photo: Photo) -> str:
    """The key of a resize that is not made yet."""
    return photo.photo.resize("90x90").removeprefix(storage.media_url)


def objects(storage: Any) -> dict[str, bytes]:
    listed = storage.client.list_objects_v2(Bucket=storage.bucket_name).get("Contents", [])
    return {entry["Key"]: storage.get(entry["Key"]) for entry in listed}


def send(client: Client, data: bytes) -> Any:
    return client.post("/", {"photo": SimpleUploadedFile("a.jpg", data, "image/jpeg")})


def assert_unavailable(answer: Any) -> None:
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert answer["Cache-Control"] == "no-store"
    assert answer.content == b"The storage is unavailable, try again.\n"


# -- S3, for a viewer -----------------------------------------------------------------------------

VIEWS: list[tuple[Fault, str]] = [
    ("hang", "HEAD"),
    ("hang", "GET"),
    ("hang", "PUT"),
    ("500", "HEAD"),
    ("500", "GET"),
    ("500", "PUT"),
    ("503", "HEAD"),
    ("503", "GET"),
    ("503", "PUT"),
    ("403", "GET"),
    ("403", "PUT"),
    ("cut answer", "GET"),
    ("stall answer", "GET"),
    ("cut request", "PUT"),
    ("lose answer", "HEAD"),
    ("lose answer", "GET"),
    ("lose answer", "PUT"),
]


@both
@pytest.mark.parametrize(("fault", "method"), VIEWS)
def test_a_viewer_is_told_to_come_again(
    storage: Any,
    proxy: FaultyProxy,
    resize: str,
    client: Client,
    caplog: Any,
    fault: Fault,
    method: str,
) -> None:
    proxy.fail(fault, method)
    assert_unavailable(client.get(f"/media/{resize}"))
    assert f"Cannot make {resize}: StorageUnavailable: Could not" in caplog.text
    wait_until(lambda: proxy.met, "the proxy to meet it")
    proxy.mend()
    left = objects(storage).get(resize)
    assert (left is not None) == (fault == "lose answer" and method == "PUT")

    assert client.get(f"/media/{resize}").status_code == 301, "the next request succeeds"
    whole = storage.get(resize)
    assert left in {None, whole}
    with Image.open(io.BytesIO(whole)) as picture:
        picture.load()


@both
@pytest.mark.parametrize(
    ("fault", "method"), [view for view in VIEWS if view[0] in {"hang", "500", "503"}]
)
def test_a_viewer_does_not_notice_one_failure(
    proxy: FaultyProxy, resize: str, client: Client, fault: Fault, method: str
) -> None:
    proxy.fail(fault, method, times=1)
    assert client.get(f"/media/{resize}").status_code == 301
    assert proxy.met == [method]


@pytest.mark.parametrize("s3", ["moto"], indirect=True)
def test_a_private_bucket_fails_in_the_same_way(
    settings: Any, s3: Any, proxy: FaultyProxy, client: Client, small_jpeg: bytes, db: None
) -> None:
    through_the_app = {"mode": "app", "public_url": "/media/"}
    storage = new_bucket(settings, s3, endpoint_url=proxy.endpoint_url, **through_the_app)
    hurry(storage, proxy.is_silent)
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg"))
    url = photo.photo.resize("90x90")
    for fault, method in VIEWS:
        if method != "HEAD":
            proxy.fail(fault, method)
            answer = client.get(url)
            proxy.mend()
            # A put whose answer was lost is found by the next request.
            if answer.status_code != 200:
                assert_unavailable(answer)
    made = client.get(url)
    assert made.status_code == 200
    proxy.fail("stall answer", "GET")
    assert_unavailable(client.get(url))
    proxy.mend()
    assert client.get(url).content == made.content


# -- S3, for an upload ----------------------------------------------------------------------------


@both
@pytest.mark.parametrize("fault", ["hang", "500", "503", "403", "cut request", "lose answer"])
def test_an_upload_is_whole_or_refused(
    storage: Any,
    proxy: FaultyProxy,
    client: Client,
    caplog: Any,
    jpeg: bytes,
    transactional_db: None,
    fault: Fault,
) -> None:
    proxy.fail(fault, "PUT")
    assert_unavailable(send(client, jpeg))
    assert "Storage unavailable for POST /: Could not write" in caplog.text
    assert not Photo.objects.exists()
    proxy.mend()
    assert all(data == jpeg for data in objects(storage).values())

    assert send(client, jpeg).status_code == 302, "the next request succeeds"
    assert storage.get(Photo.objects.get().photo.name) == jpeg


@both
def test_an_upload_whose_answer_is_lost_is_sent_again(
    storage: Any, proxy: FaultyProxy, client: Client, small_jpeg: bytes, transactional_db: None
) -> None:
    proxy.fail("lose answer", "PUT", times=1)
    assert send(client, small_jpeg).status_code == 302
    stored = objects(storage)
    assert Photo.objects.get().photo.name in stored
    assert list(stored.values()) == [small_jpeg] * 2, "an orphan is left, and it is whole"


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
@pytest.mark.parametrize(("fault", "method"), [("cut request", "PUT"), ("500", "POST")])
def test_a_large_upload_in_parts_is_whole_or_refused(
    storage: Any, proxy: FaultyProxy, fault: Fault, method: str
) -> None:
    name = keys.new_original("a.bin")
    data = os.urandom(1 << 20) * 70
    proxy.fail(fault, method)
    with pytest.raises(StorageUnavailable, match="Could not write"):
        storage.save(name, ContentFile(data))
    proxy.mend()
    assert not storage.exists(name)
    assert storage.save(name, ContentFile(data)) == name
    assert storage.get(name) == data


# -- S3, connections and time ---------------------------------------------------------------------


def test_a_server_that_was_down_is_used_again(
    settings: Any, moto: Any, client: Client, small_jpeg: bytes, transactional_db: None
) -> None:
    port = free_port()
    new_bucket(settings, moto)
    change_options(settings, endpoint_url=f"http://127.0.0.1:{port}")
    assert_unavailable(send(client, small_jpeg))
    with faulty_proxy(moto.endpoint_url, port=port):
        assert send(client, small_jpeg).status_code == 302
        photo = Photo.objects.get()
        resize = photo.photo.resize("90x90").removeprefix(media_storage().media_url)
    assert_unavailable(client.get(f"/media/{resize}"))
    with faulty_proxy(moto.endpoint_url, port=port):
        assert client.get(f"/media/{resize}").status_code == 301


@pytest.mark.usefixtures("timeouts_of_users")
def test_a_silent_storage_is_given_up_within_20_seconds() -> None:
    config = S3MediaStorage(bucket_name="b", region_name="us-east-1").client.meta.config
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}
    pause = (
        1  # at most: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    )
    assert 2 * (config.connect_timeout + config.read_timeout) + pause < 20


@pytest.mark.nightly
@pytest.mark.parametrize("s3", ["moto"], indirect=True)
def test_threads_and_connections_do_not_pile_up(
    storage: Any, s3: Any, proxy: FaultyProxy, photo: Photo, tmp_path: Path
) -> None:
    """A process of its own."""
    hurry = tmp_path / "hurry"
    note = ("sh", "-c", f'echo $$ > {tmp_path}/pid; exec "$@"', "sh")
    settings = environment(
        tmp_path,
        s3,
        storage.bucket_name,
        GALLERY_S3_ENDPOINT_URL=proxy.endpoint_url,
        GALLERY_CONCURRENCY="1",  # one thread that decodes, from the first picture on
        DJANGO_SETTINGS_MODULE="tests.support.short_timeout_settings",
        PYTHONPATH=str(ROOT),
    )
    widths = iter(range(1, 1000))
    with gallery(settings, *note) as site:
        pid = (tmp_path / "pid").read_text().strip()

        def view_many() -> list[int]:
            resizes = [photo.photo.resize(f"{next(widths)}x") for _ in range(12)]
            urls = [url.replace(storage.media_url, f"{site}/media/") for url in resizes]
            return [answer.status for answer in at_once([partial(fetch, url) for url in urls])]

        assert view_many() == [301] * 12
        before = settled(pid)
        for fault in ("hang", "500", "cut answer", "lose answer", "hang"):
            proxy.fail(fault, "GET")
            if fault == "hang":
                hurry.touch()
            assert view_many() == [503] * 12
            proxy.mend()
            hurry.unlink(missing_ok=True)
        assert view_many() == [301] * 12
        most = before[0], before[1] + 12
        wait_until(lambda: _count(pid)[0] <= most[0], f"no more than {most[0]} threads")
        # One for each that asked at the same time.
        wait_until(lambda: _count(pid)[1] <= most[1], f"no more than {most[1]} sockets")


def settled(pid: str) -> tuple[int, int]:
    """Return the numbers of threads and sockets of a process, once they do not change any more."""
    counts = [_count(pid)]
    while len(counts) < 4 or len(set(counts[-4:])) > 1:
        time.sleep(0.25)
        counts.append(_count(pid))
    return counts[-1]


def _count(pid: str) -> tuple[int, int]:
    process = Path("/proc", pid)
    if not process.is_dir():
        pytest.skip("counts threads and sockets in /proc, as on Linux")
    files = []
    for link in (process / "fd").iterdir():
        try:
            files.append(str(link.readlink()))
        except FileNotFoundError:
            continue  # closed meanwhile
    sockets = sum(file.startswith("socket:") for file in files)
    return len(list((process / "task").iterdir())), sockets


# -- local disk -----------------------------------------------------------------------------------

SETUP = """
import resource, signal, sys
import django
from django.core.files.base import ContentFile
from django.test import override_settings

django.setup()

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.storages.selection import media_storage

def limit_files(size):
    # No file may grow beyond it: to a writer, the disk is full in the middle of a write.
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

name, resize = sys.argv[1:]
storage = media_storage()
"""

FULL_DISK = """
storage.save(name, ContentFile(b"original"))
limit_files(100_000)
for write in (
    lambda: storage.save("1" + name[1:], ContentFile(bytes(500_000))),
    lambda: storage.put(resize, bytes(500_000)),
):
    try:
        write()
    except StorageUnavailable as error:
        print(error)
"""

ROOM_AGAIN = """
limit_files(resource.RLIM_INFINITY)
storage.save("1" + name[1:], ContentFile(bytes(500_000)))
storage.put(resize, bytes(500_000))
"""

KILLED = """
storage.save(name, ContentFile(b"original"))
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
limit_files(100_000)
"""

NAME = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg"
OTHER = f"1{NAME[1:]}"
RESIZE = NAME.replace("/cat.jpg/cat.jpg", "/cat.jpg/9x9-fit-80-upscale-" + "0" * 32 + ".jpg")


def run(folder: Path, program: str) -> "subprocess.CompletedProcess[str]":
    """Run a program on a local storage in a folder."""
    return subprocess.run(
        [sys.executable, "-c", SETUP + program, NAME, RESIZE],
        env={
            **environment(folder),
            "DJANGO_SETTINGS_MODULE": "testproject.settings",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "testproject")]),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def files(folder: Path) -> dict[str, int]:
    """All files in a folder, with their sizes."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in found}


def test_a_full_disk_keeps_nothing_that_is_not_whole(tmp_path: Path) -> None:
    result = run(tmp_path, FULL_DISK)
    assert result.returncode == 0, result.stderr
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == [
        f"Could not write '{OTHER}'",
        f"Could not write '{RESIZE}'",
    ]
    assert files(tmp_path / "media") == {NAME: 8}
    assert not (tmp_path / "media" / OTHER[:8]).exists(), "nor folders of what was not written"


def test_a_disk_that_has_room_again_is_used_again(tmp_path: Path) -> None:
    result = run(tmp_path, FULL_DISK + ROOM_AGAIN)
    assert result.returncode == 0, result.stderr
    assert files(tmp_path / "media") == {NAME: 8, OTHER: 500_000, RESIZE: 500_000}


@pytest.mark.parametrize(
    ("write", "folder"),
    [
        ("storage.save('1' + name[1:], ContentFile(bytes(500_000)))", OTHER),
        ("storage.put(resize, bytes(500_000))", NAME),
    ],
)
def test_a_process_that_is_killed_in_mid_write_leaves_a_draft(
    tmp_path: Path, settings: Any, client: Client, write: str, folder: str
) -> None:
    assert run(tmp_path, KILLED + write).returncode == -signal.SIGXFSZ
    left = files(tmp_path / "media")
    assert left.pop(NAME) == 8
    ((draft, size),) = left.items()
    assert draft.startswith(folder.rpartition("/")[0] + "/."), "it lies beside the final name"
    assert size == 100_000
    settings.MEDIA_ROOT = tmp_path / "media"
    assert not keys.is_original(draft)
    assert client.get(f"/media/{draft}").status_code == 404
    storage = media_storage()
    assert not storage.exists(OTHER)
    assert not storage.exists(RESIZE)
    assert storage.save(OTHER, ContentFile(b"again")) == OTHER
    storage.put(RESIZE, b"again")
    storage.delete(NAME)
    storage.delete(OTHER)
    assert files(tmp_path / "media") == {}, "a draft goes with its upload"


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write into a folder and those in it; root, who always may, becomes another."""
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    user = os.geteuid()
    for one in folders:
        one.chmod(0o555)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        for one in folders:
            one.chmod(0o755)


def test_a_read_only_folder_is_a_503(settings: Any, client: Client, transactional_db: None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # other users may look into it
        settings.MEDIA_ROOT = Path(folder, "media")
        assert send(client, draw_photo(40, 30)).status_code == 302
        photo = Photo.objects.get()
        url = photo.photo.resize("20x20")
        before = files(settings.MEDIA_ROOT)
        with read_only(settings.MEDIA_ROOT):
            assert_unavailable(client.get(url))
            assert_unavailable(send(client, draw_photo(40, 30)))
            assert Photo.objects.get() == photo
            photo.photo.delete()
        assert files(settings.MEDIA_ROOT) == before
        assert client.get(url).status_code == 200
        assert send(client, draw_photo(40, 30)).status_code == 302


def test_a_server_without_batch_deletion_is_asked_once(
    settings: Any, moto: Any, db: None, small_jpeg: bytes
) -> None:
    with faulty_proxy(moto.endpoint_url) as proxy:
        new_bucket(settings, moto)
        storage = change_options(settings, endpoint_url=proxy.endpoint_url)
        photos = [
            Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg")).photo
            for _ in range(2)
        ]
        for photo in photos:
            storage.put(photo.resize("30x30").removeprefix(storage.media_url), small_jpeg)
        proxy.fail("400", "POST")
        for photo in photos:
            storage.delete(photo.name)
        assert proxy.met == ["POST"]
        assert objects(storage) == {}
