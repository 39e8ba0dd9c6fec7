"""
A gallery under load, seen from outside: real processes, caches and S3 servers.

Requests are counted at the S3 server, resizes that were made by the galleries' logs.
"""

import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.redis import RedisCache
from PIL import Image

from tests.support.browsing import fetch
from tests.support.buckets import configured_bucket
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
    [("moto", "redis"), ("ceph", "redis"), ("moto", "db://cache")],
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
@pytest.mark.parametrize("site", ["moto", "ceph"], indirect=True)
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
    site.count(rate="800k")  # the original takes a while, so that its reader is killed in time
    doomed, other = (site.run(gunicorn, redis, workers=1) for _ in range(2))
    original = put_original(site.storage, jpeg)
    path = resize_path(original, 300)
    locks = RedisCache(redis, {})._cache.get_client()
    threading.Thread(target=lambda: ask_at_once([doomed.url + path]), daemon=True).start()
    while not locks.keys("*lock*"):
        time.sleep(0.05)
    started = time.monotonic()
    timer = threading.Timer(0.5, os.killpg, (doomed.process.pid, signal.SIGKILL))
    timer.start()
    views = ask_at_once([other.url + path] * 40)
    assert statuses(views) == {200}
    assert (doomed.made(), other.made()) == (0, 1)
    assert time.monotonic() - started < 30
    assert doomed.process.wait(10) == -signal.SIGKILL


@pytest.mark.server
@pytest.mark.parametrize(("workers", "concurrency"), [(1, "2"), (1, "1"), (4, "2")])
def test_the_sizes_of_a_srcset_fetch_their_original_once_a_process(
    site: Site, redis: str, jpeg: bytes, workers: int, concurrency: str
) -> None:
    s3 = site.count(rate="500k")  # so that all are there before it has come
    gallery = site.run(gunicorn, redis, workers=workers, GALLERY_CONCURRENCY=concurrency)
    original = put_original(site.storage, jpeg)
    widths = [320, 480, 640, 800, 960, 1280]
    views = ask_at_once([gallery.url + resize_path(original, width) for width in widths])
    assert [width(hops[-1].body) for hops in views] == widths
    assert 1 <= s3.count("GET", original) <= workers
    assert (s3.count("PUT"), gallery.made()) == (6, 6)
    assert s3.count("HEAD") == 6


@pytest.mark.server
@pytest.mark.parametrize("site", ["moto", "s3rver", "ceph"], indirect=True)
def test_a_cold_miss_costs_three_requests_at_the_server(
    site: Site, redis: str, small_jpeg: bytes
) -> None:
    s3 = site.count()
    workers = site.run(gunicorn, redis)
    original = put_original(site.storage, small_jpeg)
    path = resize_path(original, 50)
    assert statuses(ask_at_once([workers.url + path])) == {200}
    assert [s3.count(method) for method in ("HEAD", "GET", "PUT")] == [1, 1, 1]


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
    site.count(rate="1m")
    workers = site.run(gunicorn, redis, workers=1, threads=80, GALLERY_CONCURRENCY="1")
    original = put_original(site.storage, jpeg)
    urls = [workers.url + resize_path(original, width) for width in range(100, 160)]
    views = ask_at_once(urls)
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
