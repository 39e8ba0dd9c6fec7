"""
Measure many concurrent requests for a missing resize, or for the sizes of one image.

The example project runs under gunicorn, with 50 threads per process. Fetches of the original and
puts are counted at the S3 server, generations in the log. With --memory, measure the peak memory
of one process under a mixed attack instead.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import override_settings

from benchmarks.tables import Chart, Table
from django_shift_media.conf import conf
from gallery.drawings import draw_photo
from tests.support import servers
from tests.support.browsing import fetch
from tests.support.buckets import configured_bucket
from tests.support.concurrency import at_once
from tests.support.galleries import gunicorn
from tests.support.loads import Site, attack, heavy_files, put_original, resize_path

SRCSET = (320, 480, 640, 800, 960, 1280)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "server",
        nargs="?",
        default="moto",
        choices=servers.WEBSITES,
        help="S3 server (default: %(default)s)",
    )
    parser.add_argument(
        "--clients", type=int, default=200, help="concurrent requests (default: %(default)s)"
    )
    parser.add_argument(
        "--side",
        type=int,
        default=1000,
        help="the photo has 3 * SIDE by 4 * SIDE pixels (default: %(default)s)",
    )
    parser.add_argument(
        "--memory", action="store_true", help="measure the peak memory under a mixed attack instead"
    )


def run(options: argparse.Namespace) -> list[Table]:
    with ExitStack() as stack:
        server = stack.enter_context(servers.SERVERS[options.server]())
        redis = stack.enter_context(servers.redis())
        stack.enter_context(override_settings())  # settings assigned below are overrides
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with redirect_stdout(io.StringIO()):
            storage = configured_bucket(settings, server, "http://app.example")
        site = Site(server, storage, folder, stack)
        return [_memory(site)] if options.memory else [_requests(site, redis, options)]


def _requests(site: Site, redis: str, options: argparse.Namespace) -> Table:
    photo = draw_photo(3 * options.side, 4 * options.side, quality=90)
    one_size = [300] * options.clients
    cases = [(4, cache, one_size) for cache in (redis, "db://cache", "")]
    cases += [(processes, redis, list(SRCSET)) for processes in (1, 4)]
    rows = [_measure(site, photo, *case) for case in cases]
    title = f"Concurrent requests, on {options.server}"
    return Table(
        title=title,
        columns=("requests", "processes", "cache", "fetches", "generations", "puts", "slowest, s"),
        rows=rows,
        chart=Chart(
            title=title,
            unit="generations",
            series={"": {f"{row[0]}, {row[1]} processes, {row[2]}": row[4] for row in rows}},
        ),
    )


def _measure(
    site: Site, photo: bytes, processes: int, cache: str, widths: Sequence[int]
) -> Sequence[Any]:
    """Request all widths of a new photo concurrently, each as a different browser."""
    with ExitStack() as site.stack:
        s3 = site.count()
        workers = site.run(gunicorn, cache, workers=processes)
        original = put_original(site.storage, photo)
        urls = [workers.url + resize_path(original, width) for width in widths]
        asked = [partial(_seconds, url, browser) for browser, url in enumerate(urls)]
        times = at_once(asked)
        if failed := [time for time in times if isinstance(time, Exception)]:
            raise failed[0]
        sizes = len(set(widths))
        what = f"{sizes} sizes, once" if sizes > 1 else f"one size, {len(widths)} times"
        kind = cache.partition(":")[0] or "none"
        counts = s3.count("GET", original), workers.made(), s3.count("PUT")
        return (what, processes, kind, *counts, f"{max(times):.1f}")


def _seconds(url: str, browser: int) -> float:
    """Send a request as its own browser; the response is the image, or a redirect to the bucket."""
    started = time.perf_counter()
    answer = fetch(url, **{"User-Agent": f"Browser {browser}"})
    if answer.status not in {200, 301}:
        raise ValueError(f"Status {answer.status} for {url}: {answer.body[:500]!r}")
    return time.perf_counter() - started


def _memory(site: Site) -> Table:
    """Attack twice, by requests and uploads, with files of all formats at the limits."""
    files = heavy_files(int(conf.max_pixels**0.5))
    with ExitStack() as site.stack:
        site.count()
        workers = site.run(gunicorn, workers=1)
        before = workers.peak_memory()
        answers = [attack(site, workers, files) for _ in range(2)]
        return Table(
            title="Memory under a mixed attack",
            columns=("", ""),
            rows=[
                ("files", len(files)),
                ("pixels per file", f"{conf.max_pixels:,}"),
                ("concurrent images", conf.concurrency),
                ("status codes", " ".join(map(str, sorted(set().union(*answers))))),
                ("MB before", f"{before / 1e6:,.0f}"),
                ("peak MB", f"{workers.peak_memory() / 1e6:,.0f}"),
            ],
        )
