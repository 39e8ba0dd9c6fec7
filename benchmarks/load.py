"""
What the view holds under load: ``python benchmarks/load.py``, on moto or on the server it names.

Galleries run under gunicorn, each process with 50 threads. All clients ask at once. Fetches of
the original and puts are counted at the S3 server, generations by the log; the slowest answer is
in seconds, and depends on the machine.

``--memory`` measures instead the most memory that one process has under a mixed attack: images
of all formats at the limits, several sizes of each and uploads of them, all at once, twice.
"""

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

sys.path[:0] = [str(folder) for folder in (Path.cwd(), Path.cwd() / "testproject")]
os.environ["DJANGO_SETTINGS_MODULE"] = "testproject.settings"

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.test import override_settings  # noqa: E402

from django_shift_media.conf import conf  # noqa: E402
from gallery.drawings import draw_photo  # noqa: E402
from tests import servers  # noqa: E402
from tests.conftest import at_once, configured_bucket, fetch  # noqa: E402
from tests.galleries import gunicorn  # noqa: E402
from tests.loads import Site, attack, heavy_files, put_original, resize_path  # noqa: E402

HEADER = "asked at once      processes cache      fetches generations        puts   slowest"
SRCSET = (320, 480, 640, 800, 960, 1280)


def seconds(url: str, browser: int) -> float:
    """Ask the app as a browser of its own; it is sent to the bucket, or given the bytes."""
    started = time.perf_counter()
    answer = fetch(url, **{"User-Agent": f"Browser {browser}"})
    assert answer.status in {200, 301}, (answer.status, answer.body)
    return time.perf_counter() - started


def measure(site: Site, what: str, processes: int, cache: str, clients: int) -> None:
    """Print a line of the table; without ``clients``, the sizes of a srcset are asked for."""
    with ExitStack() as site.stack:
        s3 = site.count()
        workers = site.run(gunicorn, cache, workers=processes)
        original = put_original(site.storage, draw_photo(3000, 4000, quality=90))
        widths = [300] * clients or SRCSET
        urls = [workers.url + resize_path(original, width) for width in widths]
        asked = [partial(seconds, url, browser) for browser, url in enumerate(urls)]
        times = at_once(asked)
        if failed := [time for time in times if isinstance(time, Exception)]:
            raise failed[0]
        slowest = max(times)
        counts = s3.count("GET", original), workers.made(), s3.count("PUT")
        kind = cache.partition(":")[0] or "none"
        print(f"{what:<18} {processes:>9} {kind:<6}", *(f"{n:>11}" for n in (*counts,)), end="")
        print(f" {slowest:>9.1f} s", flush=True)


def measure_memory(site: Site) -> None:
    files = heavy_files(int(conf.max_pixels**0.5))
    with ExitStack() as site.stack:
        site.count()
        workers = site.run(gunicorn, workers=1)
        before = workers.peak_memory()
        print(f"{len(files)} files of {conf.max_pixels:,} pixels, {conf.concurrency} at a time")
        print(f"statuses: {sorted(attack(site, workers, files) | attack(site, workers, files))}")
        print(f"peak: {workers.peak_memory() / 1e6:,.0f} MB, {before / 1e6:,.0f} MB before")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("server", nargs="?", default="moto", choices=servers.WEBSITES)
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(servers.SERVERS[options.server]())
        redis = stack.enter_context(servers.redis())
        stack.enter_context(override_settings())  # what is set from here on counts as set
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        storage = configured_bucket(settings, server, "http://app.example")
        site = Site(server, storage, folder, stack)
        if options.memory:
            measure_memory(site)
            return
        print(HEADER)
        for cache in (redis, "db://cache", ""):
            measure(site, "200 times one size", 4, cache, 200)
        for processes in (1, 4):
            measure(site, "6 sizes of a photo", processes, redis, 0)


if __name__ == "__main__":
    main()
