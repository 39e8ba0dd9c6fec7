"""
A gallery under load, seen from outside: real processes, caches and S3 servers.

Requests are counted at the S3 server, resizes that were made by the galleries' logs.
"""

import io
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.redis import RedisCache
from PIL import Image

from tests.support.browsing import Response, fetch, follow
from tests.support.buckets import configured_bucket
from tests.support.concurrency import at_once
from tests.support.galleries import gunicorn, uvicorn
from tests.support.loads import (
    Site,
    ask_at_once,
    attack,
    heavy_files,
    put_original,
    resize_path,
    statuses,
)
from tests.support.waiting import PATIENCE, wait_until

SITE = "http://app.example"  # these clients begin at the app, not at the bucket


@pytest.fixture
def site(request: Any, running: Any, settings: Any, tmp_path: Path) -> Iterator[Site]:
    """A site on moto, or on the servers that a test names."""
    with ExitStack() as stack:
        server = running(getattr(request, "param", "moto"))
        yield Site(server, configured_bucket(settings, server, SITE), tmp_path, stack)


def width(body: bytes) -> int:
    return Image.open(io.BytesIO(body)).width


@pytest.mark.server
@pytest.mark.parametrize(
    ("site", "cache"),
    [
        ("ceph", "redis"),
        *(pytest.param("moto", c, marks=pytest.mark.nightly) for c in ("redis", "db://cache")),
    ],
    indirect=["site"],
)
def test_a_stampede_on_four_processes_makes_one_resize(
    site: Site, cache: str, redis: str, jpeg: bytes
) -> None:
    s3 = site.count()
    workers = site.run(gunicorn, redis if cache == "redis" else cache)
    original = put_original(site.storage, jpeg)
    path = resize_path(original, 300)
    views = ask_at_once([workers.url + path] * 200)
    assert statuses(views) == {200}
    assert len({hops[-1].body for hops in views}) == 1
    assert width(views[0][-1].body) == 300
    assert (s3.count("GET", original), s3.count("PUT"), workers.made()) == (1, 1, 1)


@pytest.mark.server
@pytest.mark.parametrize(
    "site", [pytest.param("moto", marks=pytest.mark.nightly), "ceph"], indirect=True
)
def test_a_stampede_without_a_shared_cache_makes_one_resize_a_process(
    site: Site, jpeg: bytes
) -> None:
    s3 = site.count()
    workers = site.run(gunicorn)
    original = put_original(site.storage, jpeg)
    views = ask_at_once([workers.url + resize_path(original, 300)] * 200)
    assert statuses(views) == {200}
    assert len({hops[-1].body for hops in views}) == 1
    assert s3.count("GET", original) == s3.count("PUT") == workers.made() <= 4


@pytest.mark.server
def test_a_holder_that_is_killed_keeps_nobody_waiting(site: Site, redis: str, jpeg: bytes) -> None:
    proxy = site.hold()
    options = {"workers": 1, "GALLERY_LOCK_SECONDS": "5"}
    doomed, other = (site.run(gunicorn, redis, **options) for _ in range(2))
    original = put_original(site.storage, jpeg)
    path = resize_path(original, 300)
    locks = RedisCache(redis, {})._cache.get_client()
    earlier = set(locks.keys("*lock*"))
    with ThreadPoolExecutor(2) as pool:
        pool.submit(ask_at_once, [doomed.url + path])
        wait_until(lambda: proxy.met, "the holder of the lock to fetch the original")
        (lock,) = set(locks.keys("*lock*")) - earlier
        asked = locks.info("commandstats")["cmdstat_set"]["calls"]
        views = pool.submit(ask_at_once, [other.url + path] * 40)
        wait_until(
            lambda: locks.info("commandstats")["cmdstat_set"]["calls"] > asked + 2,
            "another process to ask for the lock again and again",
        )
        os.killpg(doomed.process.pid, signal.SIGKILL)
        assert doomed.process.wait(PATIENCE) == -signal.SIGKILL
        assert locks.pttl(lock) <= 5000, "it frees itself"
        proxy.mend()
        assert statuses(views.result(PATIENCE)) == {200}
    assert (doomed.made(), other.made()) == (0, 1)


@pytest.mark.server
@pytest.mark.parametrize(
    ("workers", "concurrency"),
    [
        *(pytest.param(1, number, marks=pytest.mark.nightly) for number in ("2", "1")),
        (4, "2"),
    ],
)
def test_the_sizes_of_a_srcset_fetch_their_original_once_a_process(
    site: Site, redis: str, jpeg: bytes, workers: int, concurrency: str
) -> None:
    proxy = site.hold()  # until all are there
    gallery = site.run(gunicorn, redis, workers=workers, GALLERY_CONCURRENCY=concurrency)
    original = put_original(site.storage, jpeg)
    widths = [320, 480, 640, 800, 960, 1280]
    urls = [gallery.url + resize_path(original, width) for width in widths]
    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(ask_at_once, urls)
        wait_until(lambda: site.s3.count("HEAD") == 6, "all sizes to be asked for")
        wait_until(lambda: proxy.met, "the original to be asked for")
        proxy.mend()
        views = answers.result(PATIENCE)
    s3 = site.s3
    assert [width(hops[-1].body) for hops in views] == widths
    assert 1 <= s3.count("GET", original) <= workers
    assert (s3.count("PUT"), gallery.made()) == (6, 6)
    assert s3.count("HEAD") == 12, "each looks for its resize first, and for the original last"


@pytest.mark.server
@pytest.mark.parametrize(
    "site",
    [*(pytest.param(name, marks=pytest.mark.nightly) for name in ("moto", "s3rver")), "ceph"],
    indirect=True,
)
def test_a_cold_miss_costs_four_requests_at_the_server(
    site: Site, redis: str, small_jpeg: bytes
) -> None:
    s3 = site.count()
    workers = site.run(gunicorn, redis)
    original = put_original(site.storage, small_jpeg)
    path = resize_path(original, 50)
    assert statuses(ask_at_once([workers.url + path])) == {200}
    assert [s3.count(method) for method in ("HEAD", "GET", "PUT")] == [2, 1, 1]


@pytest.mark.server
def test_a_broken_original_is_tried_once_by_all_processes(
    site: Site, redis: str, jpeg: bytes
) -> None:
    s3 = site.count()
    workers = site.run(gunicorn, redis)
    original = put_original(site.storage, jpeg[: len(jpeg) // 2])
    views = ask_at_once([workers.url + resize_path(original, 300)] * 80)
    assert statuses(views) == {422}
    assert s3.count("GET", original) == 1


@pytest.mark.server
def test_who_finds_the_queue_full_is_sent_away_and_served_later(
    site: Site, redis: str, jpeg: bytes
) -> None:
    proxy = site.hold()
    workers = site.run(gunicorn, redis, workers=1, threads=80, GALLERY_CONCURRENCY="1")
    original = put_original(site.storage, jpeg)
    urls = [workers.url + resize_path(original, width) for width in range(100, 160)]
    refusals: list[Any] = []

    def ask(url: str) -> list[Response]:
        hops = follow(url)
        if hops[-1].status == 503:
            refusals.append(url)
        return hops

    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(at_once, [partial(ask, url) for url in urls])
        # One is made, and 16 wait for it.
        wait_until(lambda: len(refusals) == len(urls) - 17, "the others to be sent away")
        proxy.mend()
        views = answers.result(PATIENCE)
    assert statuses(views) == {200, 503}
    refused = [hops[-1] for hops in views if hops[-1].status == 503]
    assert {answer.headers["Retry-After"] for answer in refused} == {"2"}
    assert {answer.body for answer in refused} == {b"Too busy, try again.\n"}
    assert statuses(ask_at_once([refused[0].url])) == {200}


@pytest.mark.server
def test_an_asgi_server_goes_through_the_whole_loop(site: Site, redis: str, jpeg: bytes) -> None:
    s3 = site.count()
    workers = site.run(uvicorn, redis)
    original = put_original(site.storage, jpeg)
    urls = [workers.url + resize_path(original, size) for size in (100, 300)]
    made, again = (ask_at_once([urls[0]])[0] for _ in range(2))
    assert [hop.status for hop in made] == [301, 200]
    assert width(made[-1].body) == width(again[-1].body) == 100
    views = ask_at_once([urls[1]] * 50)
    assert statuses(views) == {200}
    assert len({hops[-1].body for hops in views}) == 1
    assert (s3.count("GET", original), s3.count("PUT"), workers.made()) == (2, 2, 2)
    assert fetch(f"{workers.url}/media/none").status == 404


@pytest.mark.server
@pytest.mark.nightly
@pytest.mark.parametrize(
    ("environment", "bytes_a_pixel"), [({}, 32), ({"MALLOC_TRIM_THRESHOLD_": "1000000"}, 24)]
)
def test_memory_is_bounded_under_a_mixed_attack(
    site: Site, environment: dict[str, str], bytes_a_pixel: int
) -> None:
    """Images of all formats at the limits: resizes and uploads of them, all at once, twice."""
    files = heavy_files(8000)
    site.count()
    workers = site.run(gunicorn, workers=1, GALLERY_CONCURRENCY="2", **environment)
    answers = attack(site, workers, files) | attack(site, workers, files)
    assert {301, 302} <= answers <= {301, 302, 503}
    assert workers.peak_memory() < 2 * bytes_a_pixel * 64_000_000
    assert len(workers.pids()) == 1
