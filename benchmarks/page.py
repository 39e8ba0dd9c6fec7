"""Measure a page of 100 objects with an image of 200 by 200 each: time, queries and requests."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.orders import Line, Order
from benchmarks.peers import CANDIDATES, FLOOR, OURS, add_only_option
from benchmarks.tables import Chart, Table
from tests.support.loads import counted
from tests.support.servers import moto, redis

STORAGES = {
    "local": "Local disk",
    "s3": "S3",
    "s3-domain": "S3 with a custom domain",
}
STATES = {
    "warm": "warm",
    "emptied": "with an emptied cache",
    "cold": "cold",
}
NOTES = (
    "Wall-clock time of the fastest repeat; a cold page is rendered once. Objects are read from the"
    " database in advance, which is not counted.",
    "The database is SQLite in memory; the cache and S3 run on the same machine. Packages that"
    " query them take longer in production.",
    "\\* generates its images at upload, or by a command in advance.",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--storage",
        choices=STORAGES,
        nargs="+",
        default=list(STORAGES),
        help="storages to measure (default: all)",
    )
    add_only_option(parser)
    parser.add_argument(
        "--cache",
        choices=("redis", "memory"),
        default="redis",
        help="cache: Redis, or the memory of the process (default: %(default)s)",
    )
    parser.add_argument(
        "--objects", type=int, default=100, help="objects of a page (default: %(default)s)"
    )
    parser.add_argument(
        "--cold-objects", type=int, default=20, help="objects of a cold page (default: %(default)s)"
    )
    parser.add_argument(
        "--cold-side",
        type=int,
        default=1000,
        help="photos of a cold page have 4 * SIDE by 3 * SIDE pixels (default: %(default)s)",
        metavar="SIDE",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=2,
        help="seconds that each candidate renders in each state (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> list[Table]:
    names = list(chosen(options.only))
    return [table for storage in options.storage for table in _tables(storage, names, options)]


def chosen(words: Sequence[str] | None) -> Iterator[str]:
    """Yield the names of the selected candidates that are installed; print those that are not."""
    for candidate in CANDIDATES:
        if words and candidate.is_peer and not any(word in candidate.name for word in words):
            continue
        if candidate.is_installed:
            yield candidate.name
        else:
            print(f"Skipped: {candidate.name} ({candidate.package} is not installed)")


def _tables(storage: str, names: list[str], options: argparse.Namespace) -> Iterator[Table]:
    lines = _measure(storage, names, options)
    for state, title in STATES.items():
        yield Table(
            title=f"{STORAGES[storage]}, {title}",
            columns=(
                "",
                "µs per URL",
                "× floor",
                "× ours",
                "queries",
                "cache calls",
                "S3 requests",
            ),
            rows=_rows([line for line in lines if line.state == state]),
            notes=NOTES if state == "cold" else (),
            chart=_chart(STORAGES[storage], lines) if state == "warm" else None,
        )


def _measure(storage: str, names: list[str], options: argparse.Namespace) -> list[Line]:
    """Measure on one storage in a new process; S3 runs in this one."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        s3, log = ({}, "") if storage == "local" else _counted_s3(stack, folder)
        if storage == "s3-domain":
            s3["custom_domain"] = "cdn.example.com"
        order = Order(
            folder=str(folder),
            s3=s3,
            s3_log=log,
            cache=stack.enter_context(redis()) if options.cache == "redis" else "",
            candidates=names,
            objects=options.objects,
            cold_objects=options.cold_objects,
            cold_side=options.cold_side,
            seconds=options.seconds,
        )
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "benchmarks.page_settings",
            "PAGE_ORDER": json.dumps(order._asdict()),
        }
        command = [sys.executable, "-m", "benchmarks.rendering"]
        output = subprocess.run(
            command, env=environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout
    return [Line(*line) for line in json.loads(output)]


def _counted_s3(stack: ExitStack, folder: Path) -> tuple[dict[str, Any], str]:
    """Start an S3 server; return the options of a storage on it, and the log of its requests."""
    server = stack.enter_context(moto())
    server.client().create_bucket(Bucket="media")
    before = stack.enter_context(counted(server.endpoint_url, folder))
    options = {
        "bucket_name": "media",
        "region_name": server.region,
        "endpoint_url": before.endpoint_url,
        "access_key": server.access_key,
        "secret_key": server.secret_key,
        "querystring_auth": False,
    }
    return options, str(before.log)


def _rows(lines: Sequence[Line]) -> list[Sequence[Any]]:
    each = {line.candidate: line.each for line in lines}
    return [
        (
            _label(line.candidate),
            f"{line.each * 1e6:,.1f}",
            f"{line.each / each[FLOOR]:,.2f}",
            f"{line.each / each[OURS]:,.2f}",
            line.queries,
            line.cache_calls,
            line.s3_requests,
        )
        for line in lines
    ]


def _label(name: str) -> str:
    ahead = any(candidate.ahead for candidate in CANDIDATES if candidate.name == name)
    return f"{name} \\*" if ahead else name


def _chart(title: str, lines: Sequence[Line]) -> Chart:
    floor = min(line.each for line in lines if line.candidate == FLOOR)
    return Chart(
        title=title,
        unit="time per URL, relative to the floor",
        series={
            what: {line.candidate: line.each / floor for line in lines if line.state == state}
            for state, what in STATES.items()
        },
        logarithmic=True,
    )
