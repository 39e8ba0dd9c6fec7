"""Measure resizes generated in advance: throughput by workers, and memory by images."""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence

from benchmarks.storages import PreparedStorage, prepared_storage
from benchmarks.tables import Chart, Table
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.signing import sign
from tests.support.galleries import environment
from tests.support.servers import WEBSITES

WIDTH = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--server", default="", choices=WEBSITES, help="S3 server (default: local disk)"
    )
    parser.add_argument(
        "--workers",
        nargs="+",
        type=int,
        default=[1, 2, 4],
        help="numbers of parallel workers (default: 1 2 4)",
    )
    parser.add_argument(
        "--photos",
        type=int,
        default=60,
        help="number of large photos, to measure throughput (default: %(default)s)",
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="rounds; the fastest counts (default: %(default)s)"
    )
    parser.add_argument(
        "--many",
        nargs="+",
        type=int,
        default=[500, 1000, 2000, 4000],
        help="numbers of small photos, to measure memory (default: 500 1000 2000 4000)",
    )
    parser.add_argument(
        "--side",
        type=int,
        default=1000,
        help="large photos have 4 * SIDE by 3 * SIDE pixels (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> list[Table]:
    return [_speed(options), _memory(options)]


def _speed(options: argparse.Namespace) -> Table:
    with prepared_storage(options.server, options.photos, options.side) as prepared:
        rates: dict[str, float] = {}
        for number in range(options.rounds):
            for workers in options.workers:
                width = WIDTH + number * len(options.workers) + options.workers.index(workers)
                images, seconds, *_ = _backfill(prepared, len(prepared.originals), width, workers)
                label = f"{workers} workers"
                rates[label] = max(images / seconds, rates.get(label, 0))
    one = rates[f"{options.workers[0]} workers"]
    title = f"{12 * options.side**2 / 1e6:g} megapixels, on {options.server or 'local disk'}"
    return Table(
        title=title,
        columns=("", "images/s", f"× {options.workers[0]}"),
        rows=[(label, f"{rate:.1f}", f"{rate / one:.2f}") for label, rate in rates.items()],
        notes=(f"The fastest of {options.rounds} rounds.",),
        chart=Chart(title=title, unit="images per second", series={"": rates}),
    )


def _memory(options: argparse.Namespace) -> Table:
    rows = []
    with prepared_storage(options.server, max(options.many), 100) as prepared:
        for number, photos in enumerate(options.many):
            width = WIDTH + number
            images, _, peak, before = _backfill(prepared, photos, width, options.workers[-1])
            rows.append((f"{images:,} images", f"{peak / 1e6:.0f}", f"{before / 1e6:.0f}"))
    title = f"Memory, {options.workers[-1]} workers"
    peaks = {label: float(peak) for label, peak, _ in rows}
    return Table(
        title=title,
        columns=("", "peak MB", "MB before"),
        rows=rows,
        notes=("Peak memory of a process: after its imports and one image, and at the end.",),
        chart=Chart(title=title, unit="peak memory in MB", series={"": peaks}),
    )


def _backfill(prepared: PreparedStorage, photos: int, width: int, workers: int) -> Sequence[float]:
    """Generate a resize of each of the first photos in a new process; return its ``Backfilled``."""
    resize = Resize(width=width, height=None)
    # The first key warms the process up.
    keys = [sign(prepared.originals[0], Resize(width=width, height=1))]
    keys += [sign(original, resize) for original in prepared.originals[:photos]]
    output = subprocess.run(
        [sys.executable, "-m", "benchmarks.backfilling", str(workers)],
        env={
            **environment(prepared.folder, prepared.server, prepared.bucket),
            "GALLERY_CONCURRENCY": str(workers),
        },
        check=True,
        input="\n".join(keys),
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    backfilled: Sequence[float] = json.loads(output)
    return backfilled
