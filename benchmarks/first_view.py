"""Measure first requests of resizes: throughput and latency."""

import argparse
import io
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from PIL import Image

from benchmarks.peers import add_only_option
from benchmarks.sites import OURS, Site, start_sites
from benchmarks.storages import ResizeRequest, prepared_storage, resize_requests
from benchmarks.tables import Chart, Table
from tests.support.browsing import follow
from tests.support.servers import WEBSITES

ORIGINALS = 8
# Uncounted first views, enough for each process to import its modules.
WARMING = 16
NOTES = (
    "A view includes the download of the image, and the redirect to the bucket if there is one.",
    "Our view and Wagtail's store their results; thumbor, ipx and bare sharp do not.",
    "Our view and Wagtail's run in two processes with eight threads each, thumbor in two processes,"
    " ipx and bare sharp in one process each, which uses all processors.",
    "The clients and S3 run on the same machine; moto runs in the process of the clients.",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--server", default="", choices=WEBSITES, help="S3 server (default: local disk)"
    )
    add_only_option(parser)
    parser.add_argument(
        "--clients",
        nargs="+",
        type=int,
        default=[2, 16],
        help="numbers of concurrent clients (default: 2 16)",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=3,
        help="rounds for each number of clients (default: %(default)s)",
    )
    parser.add_argument(
        "--views",
        type=int,
        default=48,
        help="views of each candidate in a round (default: %(default)s)",
    )
    parser.add_argument(
        "--side",
        type=int,
        default=1000,
        help="originals have 4 * SIDE by 3 * SIDE pixels (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> list[Table]:
    rounds = [clients for clients in options.clients for _ in range(options.rounds)]
    wanted = resize_requests(WARMING + options.views * len(rounds), ORIGINALS)
    with ExitStack() as stack:
        prepared = stack.enter_context(prepared_storage(options.server, ORIGINALS, options.side))
        sites = start_sites(stack, prepared, wanted, options.only)
        for name, site in sites.items():
            check(name, site.urls[0], wanted[0])
            Burst().run(site.urls[1:WARMING], WARMING)
        bursts = measure(sites, rounds, options.views)
    title = f"First views of {12 * options.side**2 / 1e6:g} megapixels, "
    title += f"on {options.server or 'local disk'}"
    return [table(f"{title}, {clients} clients", bursts[clients]) for clients in options.clients]


def check(name: str, url: str, requested: ResizeRequest) -> None:
    """Raise ``ValueError`` unless the response is a JPEG of the requested size."""
    answer = follow(url)[-1]
    if answer.status != 200:
        raise ValueError(f"{name} returned {answer.status} for {url}: {answer.body[:500]!r}")
    image = Image.open(io.BytesIO(answer.body))
    if (image.size, image.format) != ((requested.width, requested.height), "JPEG"):
        raise ValueError(
            f"{name} returned {image!r} for {url}, expected a JPEG of {requested.size}"
        )


class Burst:
    """Views by concurrent clients, each of which sends its next request after a response."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.times: list[float] = []

    def run(self, urls: Sequence[str], clients: int) -> None:
        started = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            self.times += pool.map(_view, urls)
        self.seconds += time.perf_counter() - started

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds


def _view(url: str) -> float:
    started = time.perf_counter()
    answer = follow(url)[-1]
    if answer.status != 200:
        raise ValueError(f"Status {answer.status} for {url}: {answer.body[:500]!r}")
    return time.perf_counter() - started


Bursts = Mapping[str, Burst]


def measure(sites: Mapping[str, Site], rounds: Sequence[int], views: int) -> Mapping[int, Bursts]:
    """Measure all sites in turn, in rounds of N clients each; return the bursts by N and name."""
    bursts = {clients: {name: Burst() for name in sites} for clients in rounds}
    for number, clients in enumerate(rounds):
        first = WARMING + number * views
        for name, site in sites.items():
            bursts[clients][name].run(site.urls[first : first + views], clients)
    return bursts


def table(title: str, bursts: Bursts) -> Table:
    ours = bursts[OURS].rate
    rows = []
    for name, burst in bursts.items():
        cuts = statistics.quantiles(burst.times, n=20)
        times = (f"{1000 * seconds:,.0f}" for seconds in (cuts[9], cuts[18]))
        rows.append((name, f"{burst.rate:.1f}", f"{ours / burst.rate:.2f}", *times))
    return Table(
        title=title,
        columns=("", "views/s", "ours ×", "p50 ms", "p95 ms"),
        rows=rows,
        notes=NOTES,
        chart=Chart(
            title=title,
            unit="first views per second",
            series={"": {name: burst.rate for name, burst in bursts.items()}},
        ),
    )
