"""The gallery as a process of its own, with an environment of its own."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.requirements import missing, permit
from tests.support.servers import ROOT, free_port, wait_for
from tests.support.waiting import PATIENCE

MANAGE = ROOT / "testproject" / "manage.py"


def environment(
    folder: Path, server: Any = None, bucket: str = "", **others: str
) -> dict[str, str]:
    """Return the environment of a gallery: on a server's bucket, or on local disk."""
    on_s3 = {}
    if server is not None:
        on_s3 = {
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
            "GALLERY_S3_BUCKET": bucket,
            "GALLERY_S3_ENDPOINT_URL": server.endpoint_url,
            "GALLERY_S3_PUBLIC_URL": server.website_url(bucket),
        }
    patient = {"GALLERY_PATIENCE": str(PATIENCE)}
    return {**os.environ, **patient, "GALLERY_DATA": str(folder), **on_s3, **others}


class Workers(NamedTuple):
    """A gallery on a server that is fit for production."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def pids(self) -> list[int]:
        pid = self.process.pid
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]

    def peak_memory(self) -> int:
        """Return the most memory that one of the workers has had, in bytes."""
        return self._memory("VmHWM")

    def forget_peak_memory(self) -> int:
        """Let peaks begin at the memory of now: ``man 5 proc``, ``clear_refs``; return it."""
        for pid in self.pids():
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        return self._memory("VmRSS")

    def _memory(self, name: str) -> int:
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in self.pids()]
        found = [re.search(rf"{name}:\s*([0-9]+) kB", status) for status in statuses]
        return max(1024 * int(kilobytes[1]) for kilobytes in found if kilobytes)

    def processor_seconds(self) -> float:
        """Return the processor time of all workers, of users and of the system."""
        ticks = 0
        for pid in self.pids():
            # After the name of the program, which may have spaces: ``man 5 proc``.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def made(self) -> int:
        """Return how many resizes were made, by the log."""
        return self.log.read_text().count("Made ")


@contextmanager
def gallery(environment: dict[str, str], *under: str) -> Iterator[str]:
    """Run a gallery until the block ends, ``under`` another command, and yield its URL."""
    port = free_port()
    command = [*under, sys.executable, str(MANAGE), "runserver", "--noreload", f"127.0.0.1:{port}"]
    with running(command, environment, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def gunicorn(
    environment: dict[str, str], *, workers: int = 4, threads: int = 50, port: int = 0
) -> Iterator[Workers]:
    """
    Run a gallery under gunicorn until the block ends: processes with threads.

    All threads may wait for media, unless the environment says something else.
    """
    environment = {"GALLERY_MEDIA_THREADS": str(threads), **environment}
    options = ["--workers", str(workers), "--threads", str(threads), "--bind", "127.0.0.1:{port}"]
    # It is ended after 10 seconds, whatever is still being made.
    options += ["--timeout", str(PATIENCE), "--keep-alive", str(PATIENCE)]
    options += ["--graceful-timeout", "10"]
    options += ["testproject.wsgi:application"]
    with _workers("gunicorn", options, environment, port) as started:
        yield started


@contextmanager
def uvicorn(environment: dict[str, str]) -> Iterator[Workers]:
    """Run a gallery under an ASGI server until the block ends."""
    options = ["--port", "{port}", "--log-level", "warning", "testproject.asgi:application"]
    with _workers("uvicorn", options, environment) as started:
        yield started


@contextmanager
def _workers(
    module: str, options: list[str], environment: dict[str, str], port: int = 0
) -> Iterator[Workers]:
    permit("server")
    if importlib.util.find_spec(module) is None:
        missing(f"{module}: pip install {module}")
    port = port or free_port()
    log = Path(environment["GALLERY_DATA"], f"{module}-{port}.log")
    command = [sys.executable, "-m", module, *(option.format(port=port) for option in options)]
    path = os.pathsep.join([str(ROOT), str(MANAGE.parent)])
    with running(command, {**environment, "PYTHONPATH": path}, port, log) as process:
        yield Workers(f"http://127.0.0.1:{port}", process, log)


@contextmanager
def running(
    command: list[str], environment: dict[str, str], port: int, log: Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command that listens on a port until the block ends, and what it starts with it."""
    with Path(log or os.devnull).open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,  # what it runs as its children is to end with it
        )
    try:
        wait_for(port, process)
        yield process
    finally:
        with suppress(ProcessLookupError):  # a test may have ended it
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(PATIENCE)
