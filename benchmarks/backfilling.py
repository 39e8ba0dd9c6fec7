"""
Generate resizes in advance, in one process: ``python -m benchmarks.backfilling WORKERS``.

Reads the keys of resizes from standard input, one per line. Prints a ``Backfilled`` as JSON.
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
    """The result. ``peak`` is the peak memory in bytes, ``before`` that before the measurement."""

    images: int
    seconds: float
    peak: int
    before: int


def backfill(keys: Iterator[str], workers: int) -> int:
    """Generate the resizes of all keys, and return their number."""
    storage = media_storage()
    lock = threading.Lock()  # a generator cannot be advanced by two threads at once

    def work(_: int) -> int:
        made = 0
        while True:
            with lock:
                key = next(keys, None)
            if key is None:
                return made
            find_or_generate(storage, key)
            made += 1

    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(work, range(workers)))


def main() -> None:
    logging.getLogger("django_shift_media").setLevel(logging.WARNING)  # it logs each image at INFO
    keys = (line.strip() for line in sys.stdin)
    backfill(iter([next(keys)]), 1)  # imports modules and connects to the storage
    before = peak_memory()
    started = time.perf_counter()
    images = backfill(keys, int(sys.argv[1]))
    seconds = time.perf_counter() - started
    json.dump(Backfilled(images, seconds, peak_memory(), before), sys.stdout)


if __name__ == "__main__":
    main()
