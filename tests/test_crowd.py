"""A crowd of viewers of slow resizes does not stop the rest of the site: real servers."""

import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.browsing import Response, fetch, follow
from tests.support.buckets import configured_bucket
from tests.support.concurrency import at_once
from tests.support.galleries import gunicorn, running, uvicorn
from tests.support.loads import Site, put_original, resize_path
from tests.support.requirements import missing
from tests.support.servers import ROOT, free_port
from tests.support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.server
SITE = "http://app.example"


@pytest.fixture
def site(moto: Any, settings: Any, tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(moto, configured_bucket(settings, moto, SITE), tmp_path, stack)


class Crowd:
    """Viewers who ask at the same time, and the answers that they have so far."""

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls
        self.answers: list[Response] = []

    def _ask(self, url: str, browser: str) -> None:
        self.answers.append(follow(url, **{"User-Agent": browser})[-1])

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask in the background, and wait for all answers at the end of the block."""
        views = [
            partial(self._ask, url, f"Browser {number}") for number, url in enumerate(self.urls)
        ]
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(at_once, views)
            yield
            assert asked.result(PATIENCE) == [None] * len(views)

    def statuses(self) -> list[int]:
        return sorted(answer.status for answer in self.answers)


@pytest.mark.parametrize(("media_threads", "waiting"), [("", 3), ("2", 2)])
def test_viewers_of_one_slow_resize_leave_threads_for_pages(
    site: Site, jpeg: bytes, media_threads: str, waiting: int
) -> None:
    """As many as the setting says, by default all but a quarter of the server's threads."""
    proxy = site.hold()
    workers = site.run(gunicorn, workers=1, threads=4, GALLERY_MEDIA_THREADS=media_threads)
    path = resize_path(put_original(site.storage, jpeg), 300)
    crowd = Crowd([workers.url + path] * 20)
    with crowd.asking():
        wait_until(lambda: len(crowd.answers) == 20 - waiting, "the others to be sent away")
        assert crowd.statuses() == [503] * (20 - waiting)
        assert {answer.headers["Retry-After"] for answer in crowd.answers} == {"2"}
        assert {answer.headers["Cache-Control"] for answer in crowd.answers} == {"no-store"}
        assert proxy.met == ["GET"], "the resize is still being made"
        assert fetch(f"{workers.url}/").status == 200
        proxy.mend()
    assert crowd.statuses() == [200] * waiting + [503] * (20 - waiting)
    assert workers.made() == 1
    assert f"{waiting} threads of this process" in workers.log.read_text()


def test_a_storage_that_hangs_leaves_threads_for_pages(site: Site, jpeg: bytes) -> None:
    proxy = site.hold()
    workers = site.run(gunicorn, workers=1, threads=4, GALLERY_MEDIA_THREADS="")
    original = put_original(site.storage, jpeg)
    proxy.fail("hold", "HEAD")  # which looks whether a resize exists
    crowd = Crowd([workers.url + resize_path(original, width) for width in (10, 20, 30)])
    with crowd.asking():
        wait_until(lambda: len(proxy.met) == 3, "all viewers to wait for the storage")
        time.sleep(1.2)  # There is no event: a lookup counts after a second.
        late = fetch(workers.url + resize_path(original, 40))
        assert (late.status, late.headers["Retry-After"]) == (503, "2")
        assert fetch(f"{workers.url}/").status == 200
        assert crowd.answers == []
        proxy.mend()
    assert crowd.statuses() == [200] * 3


def test_processes_of_one_thread_do_not_all_wait_for_one_of_them(
    site: Site, redis: str, jpeg: bytes
) -> None:
    proxy = site.hold()
    workers = site.run(gunicorn, redis, workers=3, threads=1, GALLERY_MEDIA_THREADS="")
    path = resize_path(put_original(site.storage, jpeg), 300)
    crowd = Crowd([workers.url + path] * 12)
    with crowd.asking():
        wait_until(lambda: len(crowd.answers) == 11, "the others to be sent away")
        assert crowd.statuses() == [503] * 11
        assert fetch(f"{workers.url}/").status == 200
        proxy.mend()
    assert crowd.statuses() == [200] + [503] * 11
    assert workers.log.read_text().count("this one has a single thread") == 11


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def connections_to(port: int) -> int:
    """Return how many connections to a port are established."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(local.endswith(f":{port:04X}") and state == "01" for _, local, _, state, *_ in lines)


def test_viewers_on_an_asgi_server_wait_without_threads(site: Site, jpeg: bytes) -> None:
    proxy = site.hold()
    workers = site.run(uvicorn)
    path = resize_path(put_original(site.storage, jpeg), 300)
    assert fetch(f"{workers.url}/").status == 200
    crowd = Crowd([workers.url + path] * 200)
    with crowd.asking():
        port = int(workers.url.rpartition(":")[2])
        wait_until(lambda: connections_to(port) >= 200, "all viewers to be there")
        wait_until(lambda: proxy.met, "the original to be asked for")
        assert fetch(f"{workers.url}/").status == 200
        wait_until(lambda: threads(workers.process.pid) < 50, "their threads to end")
        assert crowd.answers == []
        proxy.mend()
    assert crowd.statuses() == [200] * 200
    assert workers.made() == 1


@pytest.mark.parametrize(
    ("module", "options", "expected"),
    [
        ("gunicorn", ["--bind=127.0.0.1:{port}"], "1"),
        ("gunicorn", ["--bind=127.0.0.1:{port}", "--threads=6"], "6"),
        ("waitress", ["--listen=127.0.0.1:{port}", "--threads=5"], "5"),
    ],
)
def test_the_threads_of_servers_are_known(module: str, options: list[str], expected: str) -> None:
    if importlib.util.find_spec(module) is None:
        missing(f"{module}: pip install {module}")
    port = free_port()
    arguments = [option.format(port=port) for option in options]
    command = [sys.executable, "-m", module, *arguments, "tests.support.threads_app:application"]
    with running(command, {**os.environ, "PYTHONPATH": str(ROOT)}, port):
        assert fetch(f"http://127.0.0.1:{port}/").body.decode() == expected
