"""Measure the memory and processor time that files take to decode."""

# Usage: ``python -m tests.support.memory_gauge ENGINE MAX_PIXELS``. It reads files from standard
# input, each after a line with its length. For each file it writes a line with the most megabytes
# and the seconds of processor time that the file took.

import ctypes
import gc
import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.support.servers import ROOT
from tests.support.waiting import PATIENCE

SECONDS = 60  # of a processor, however busy that is; none takes more than a few


class Gauge:
    """A process that measures; a new one after a file that has ended it."""

    def __init__(self, engine: str, max_pixels: int) -> None:
        self.arguments = (engine, str(max_pixels))
        self.process: subprocess.Popen[bytes] | None = None

    def measure(self, data: bytes) -> int:
        """Return how many megabytes more than for small files a file takes; it takes not long."""
        process = self._running()
        assert process.stdin
        assert process.stdout
        alarm = threading.Timer(PATIENCE, process.kill)
        alarm.start()
        try:
            process.stdin.write(b"%d\n" % len(data) + data)
            process.stdin.flush()
            answer = process.stdout.readline()
        finally:
            alarm.cancel()
        assert answer, f"The process ended with {process.wait()}."
        megabytes, seconds = answer.split()
        assert float(seconds) < SECONDS
        return int(megabytes)

    def _running(self) -> "subprocess.Popen[bytes]":
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", __name__, *self.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                env={
                    "PYTHONPATH": f"{ROOT}:{ROOT / 'testproject'}",
                    "DJANGO_SETTINGS_MODULE": "testproject.settings",
                },
            )
        return self.process

    def close(self) -> None:
        if self.process:
            self.process.communicate()


def _resident(name: str) -> int:
    """Return ``VmRSS``, or ``VmHWM``, its peak, in kilobytes."""
    found = re.search(rf"{name}:\s*([0-9]+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


def _begin() -> None:
    """Give back what is free, and let the peak begin here: ``man 5 proc``, ``clear_refs``."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def _main(engine_name: str, max_pixels: int) -> None:
    from django.conf import settings

    from django_shift_media.engines.selection import engine_options, get_engine
    from django_shift_media.exceptions import UnacceptableFile
    from tests.support.hostile import RESIZE, encoded

    settings.SHIFT_MEDIA_ENGINE = engine_name
    engine = get_engine()

    def attempt(data: bytes) -> None:
        for decode, *arguments in ((engine.verify, data), (engine.render, data, RESIZE)):
            with suppress(UnacceptableFile):
                decode(*arguments, engine_options(max_pixels=max_pixels))  # type: ignore[operator]

    for format in ("JPEG", "PNG", "WEBP", "AVIF", "GIF"):
        attempt(encoded((40, 30), format))
    _begin()
    # What a library keeps of one file counts with the next ones.
    floor = _resident("VmRSS")
    while line := sys.stdin.buffer.readline():
        data = sys.stdin.buffer.read(int(line))
        _begin()
        started = time.process_time()
        attempt(data)
        seconds = time.process_time() - started
        sys.stdout.write(f"{(_resident('VmHWM') - floor) // 1024} {seconds}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
