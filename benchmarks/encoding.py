"""
Generate one resize repeatedly, in one process: ``python -m benchmarks.encoding``.

Reads a ``Making`` from standard input, and prints a ``Made``, both as JSON.
"""

import json
import sys
import time
from pathlib import Path

import django

django.setup()

from django.test import override_settings  # noqa: E402

from benchmarks.candidates import OURS, Job, engine_of, named  # noqa: E402
from benchmarks.memory import peak_memory  # noqa: E402
from benchmarks.orders import Made, Making  # noqa: E402
from django_shift_media.naming.resizes import Resize  # noqa: E402

# Stop after this time, even if not all renders are done: some take seconds.
SECONDS = 5
OUTPUT_FORMATS = ["jpg", "png", "webp", "avif", "gif", "tiff", "bmp", "heic"]


def make(order: Making) -> Made:
    render, job = named(order.candidate), Job(Resize.parse(order.resize), order.fine)
    render(Path(order.small).read_bytes(), job)  # imports all modules
    data = Path(order.photo).read_bytes()
    before = peak_memory()
    cpu: list[float] = []
    wall: list[float] = []
    started = time.perf_counter()
    while not cpu or (
        len(cpu) < order.warm + order.renders and time.perf_counter() - started < SECONDS
    ):
        at, used = time.perf_counter(), time.process_time()
        result = render(data, job)
        cpu.append(time.process_time() - used)
        wall.append(time.perf_counter() - at)
    Path(order.result).write_bytes(result)
    warm = min(order.warm, len(cpu) - 1)
    return Made(cpu[warm:], wall[warm:], peak_memory() - before)


def main() -> None:
    order = Making(*json.load(sys.stdin))
    engine = {"SHIFT_MEDIA_ENGINE": engine_of(order.candidate)} if order.candidate in OURS else {}
    with override_settings(SHIFT_MEDIA_FORMATS=OUTPUT_FORMATS, **engine):
        made = make(order)
    json.dump(made, sys.stdout)


if __name__ == "__main__":
    main()
