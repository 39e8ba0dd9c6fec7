"""
What the upkeep of many files costs: ``python benchmarks/life.py``, on moto or what it names.

Half of the objects are originals, each with one resize, and rows name all but ten of them. Each
command is a process of its own: its time depends on the machine and on the server, and its memory
must not depend on the number of objects.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

sys.path[:0] = [str(folder) for folder in (Path.cwd(), Path.cwd() / "testproject")]
os.environ["DJANGO_SETTINGS_MODULE"] = "testproject.settings"

import django  # noqa: E402

django.setup()

from django_shift_media.s3 import S3MediaStorage  # noqa: E402
from django_shift_media.storages import LocalMediaStorage  # noqa: E402
from tests import servers  # noqa: E402
from tests.galleries import MANAGE, environment  # noqa: E402
from tests.stores import new_key, put, resize_of  # noqa: E402

ORPHANS = 10
COMMANDS = (
    ("clean_media_orphans", "--grace", "0s"),
    ("clean_media_orphans", "--missing"),
    ("clear_media_resizes", "--dry-run"),
    ("clear_media_resizes",),
)
ROWS = """
import sys
from django_shift_media.upkeep.walk import batched
from gallery.models import Photo

for names in batched(open(sys.stdin.readline().strip()), 1000):
    Photo.objects.bulk_create(Photo(photo=name.strip()) for name in names)
"""


def fill(storage: Any, number: int, manage: Any, folder: Path) -> None:
    originals = [new_key() for _ in range(number // 2)]
    with ThreadPoolExecutor(16) as pool:
        for _ in pool.map(partial(put, storage), originals):
            pass
        for _ in pool.map(lambda key: put(storage, resize_of(key)), originals):
            pass
    names = folder / "names"
    names.write_text("\n".join(originals[ORPHANS:]))
    manage("migrate", "-v0")
    manage("shell", "--no-imports", "-c", ROWS, text=str(names))


def run(environment: dict[str, str], *arguments: str, text: str = "") -> tuple[str, float, int]:
    """Return what a command prints last, its seconds, and its most memory in bytes."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(MANAGE), *arguments],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    with process.stdin:
        process.stdin.write(text)
    output = process.stdout.read().strip()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, output
    last = output.rpartition("\n")[2]
    return last, time.perf_counter() - started, used.ru_maxrss * 1024


def measure(server: Any, number: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        storage: Any = LocalMediaStorage(location=folder / "media")
        bucket = f"objects-{number}"
        if server:
            storage = S3MediaStorage(**server.storage_options(bucket))
            storage.client.create_bucket(Bucket=bucket)
        manage = partial(run, environment(folder, server, bucket))
        started = time.perf_counter()
        fill(storage, number, manage, folder)
        print(f"{number:,} objects, put in {time.perf_counter() - started:.0f} s", flush=True)
        for arguments in COMMANDS:
            last, seconds, memory = manage(*arguments)
            print(f"  {' '.join(arguments):<36} {seconds:7.1f} s {memory / 1e6:5.0f} MB  {last}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("server", nargs="?", default="moto", choices=["local", "moto", "ceph"])
    parser.add_argument("--objects", type=int, default=100_000)
    options = parser.parse_args()
    with ExitStack() as stack:
        server = None
        if options.server != "local":
            server = stack.enter_context(servers.SERVERS[options.server]())
        for number in (options.objects // 10, options.objects):
            measure(server, number)


if __name__ == "__main__":
    main()
