"""
One process that makes resizes ahead: ``python -m benchmarks.backfilling WORKERS``.

Takes the key of a resize a line from standard input, and prints a ``Backfilled`` as JSON.
"""

import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import django

django.setup()

from benchmarks.memory import peak_memory  # noqa: E402
from django_shift_media.generation.generate import find_or_generate  # noqa: E402
from django_shift_media.storages.selection import media_storage  # noqa: E402


class Backfilled(NamedTuple):
    """``peak`` and ``before`` are bytes: the most that the process had, in all and before."""

    images: int
    seconds: float
    peak: int
    before: int


def backfill(keys: Iterator[str], workers: int) -> int:
    """Make the resizes of all keys, taking one at a time, and return how many there were."""
    storage = media_storage()
    taking = threading.Lock()

    def work(_: int) -> int:
        made = 0
        while True:
            with taking:
                key = next(keys, None)
            if key is None:
                return made
            find_or_generate(storage, key)
            made += 1

    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(work, range(workers)))


def main() -> None:
    logging.getLogger("django_shift_media").setLevel(logging.WARNING)  # or it names each image
    keys = (line.strip() for line in sys.stdin)
    backfill(iter([next(keys)]), 1)  # imports what is needed, and connects
    before = peak_memory()
    started = time.perf_counter()
    images = backfill(keys, int(sys.argv[1]))
    seconds = time.perf_counter() - started
    json.dump(Backfilled(images, seconds, peak_memory(), before), sys.stdout)


if __name__ == "__main__":
    main()
