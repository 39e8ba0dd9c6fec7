"""
Measure the maintenance commands for many objects: time and memory.

Half of the objects are originals, and half are resizes, one of each original. Rows of the database
reference all originals except ten. Each command runs in a process of its own. Its time depends on
the machine and on the server; its memory must not depend on the number of objects.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.tables import Table
from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.storages.s3 import S3MediaStorage
from tests.support import servers
from tests.support.galleries import environment
from tests.support.stored_objects import new_key, put, resize_of

ORPHANS = 10
COMMANDS = (
    ("media_report", "--grace", "0s"),
    ("clean_media_orphans", "--grace", "0s"),
    ("clean_media_orphans", "--missing"),
    ("clear_media_resizes", "--dry-run"),
    ("clear_media_resizes",),
)
# Like manage.py, and prints the peak memory.
COMMAND = """
import sys
from benchmarks.memory import peak_memory
from django.core.management import execute_from_command_line

execute_from_command_line(["manage.py", *sys.argv[1:]])
print(peak_memory())
"""
ROWS = """
import sys
from django_shift_media.maintenance.listing import batched
from gallery.models import Photo

for names in batched(open(sys.stdin.readline().strip()), 1000):
    Photo.objects.bulk_create(Photo(photo=name.strip()) for name in names)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "server",
        nargs="?",
        default="moto",
        choices=["local", "moto", "ceph"],
        help="local disk, or an S3 server (default: %(default)s)",
    )
    parser.add_argument(
        "--objects",
        nargs="+",
        type=int,
        default=[10_000, 100_000],
        help="numbers of objects (default: 10000 100000)",
    )


def run(options: argparse.Namespace) -> list[Table]:
    with ExitStack() as stack:
        server = None
        if options.server != "local":
            server = stack.enter_context(servers.SERVERS[options.server]())
        return [measure(server, number) for number in options.objects]


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


def run_command(
    variables: dict[str, str], *arguments: str, text: str = ""
) -> tuple[str, float, int]:
    """Run a command; return its last line, its seconds and its peak memory in bytes."""
    started = time.perf_counter()
    output = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env=variables,
        check=True,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ).stdout
    *_, last, memory = ["", *output.splitlines()]
    return last, time.perf_counter() - started, int(memory)


def measure(server: Any, number: int) -> Table:
    rows = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        storage: Any = LocalMediaStorage(location=folder / "media")
        bucket = f"objects-{number}"
        if server:
            storage = S3MediaStorage(**server.storage_options(bucket))
            storage.client.create_bucket(Bucket=bucket)
        manage = partial(run_command, environment(folder, server, bucket))
        fill(storage, number, manage, folder)
        for arguments in COMMANDS:
            last, seconds, memory = manage(*arguments)
            rows.append((" ".join(arguments), f"{seconds:.1f}", f"{memory / 1e6:.0f}", last))
    return Table(
        title=f"{number:,} objects",
        columns=("", "seconds", "peak MB", "last line"),
        rows=rows,
    )
