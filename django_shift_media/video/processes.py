"""Run ffmpeg within limits, because the file was made by a stranger."""

import errno
import os
import resource
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from django_shift_media.exceptions import UnreadableVideo
from django_shift_media.exceptions import gettext_noop as _

_NICENESS = 10
_MAX_OPEN_FILES = 64
_MAX_ERRORS = 4000  # bytes
_MAX_DETAIL = 300  # characters
# Seconds on the clock for each second of the processor: the machine may be busy.
_CLOCK_FACTOR = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a process may use: seconds of the processor, bytes of memory, and bytes of a file."""

    seconds: int
    memory: int = 4_000_000_000
    file_size: int


def run(
    arguments: Sequence[str],
    folder: Path,
    limits: Limits,
    on_line: Callable[[str], None] = lambda line: None,
) -> str:
    """
    Run a program in a folder, and return what it prints; call a function with each line of it.

    Raise ``UnreadableVideo`` if it fails, with the last line of its errors, and
    ``ImproperlyConfigured`` if it is not installed.
    """
    with (folder / "errors").open("wb") as errors:
        process = _start(arguments, folder, limits, errors.fileno())
        timer = threading.Timer(limits.seconds * _CLOCK_FACTOR, process.kill)
        timer.daemon = True
        timer.start()
        try:
            assert process.stdout
            lines = []
            for line in process.stdout:
                lines.append(line.decode("utf-8", "replace"))
                on_line(lines[-1].rstrip("\n"))
            status = process.wait()
        finally:
            timer.cancel()
            process.kill()  # if on_line() has raised
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]  # it is a pipe
    if status:
        _require_space(folder)
        raise UnreadableVideo(
            _("The video cannot be decoded: %(detail)s."), detail=_detail(folder, status)
        )
    return "".join(lines)


def _start(
    arguments: Sequence[str], folder: Path, limits: Limits, errors: int
) -> "subprocess.Popen[bytes]":
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "SVT_LOG": "1",  # errors only; what it tells otherwise would hide those of ffmpeg
    }
    if shutil.which(arguments[0]) is None:
        raise ImproperlyConfigured(
            f"{arguments[0]} is not installed. Install ffmpeg where the workers of videos run."
        )
    # Of util-linux. Without it, ffmpeg would go on for a while if the worker is killed.
    ends_with_worker = [setpriv, "--pdeathsig", "KILL"] if (setpriv := _setpriv()) else []
    process = subprocess.Popen(  # noqa: S603  # no shell, and no name of a user's file
        [*ends_with_worker, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
    )
    _limit(process.pid, limits)
    return process


def _setpriv() -> str | None:
    return shutil.which("setpriv", path="/usr/bin:/bin:/usr/local/bin")


def _limit(pid: int, limits: Limits) -> None:
    # From outside, because a function that runs between fork and exec is not safe with threads.
    for kind, value in (
        (resource.RLIMIT_CPU, limits.seconds),
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.prlimit(pid, kind, (value, value))
        except ProcessLookupError:  # it has ended already
            return
    with suppress(PermissionError, ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICENESS)


def _require_space(folder: Path) -> None:
    """Raise ``OSError`` if a disk is full: the file may be in order."""
    if b"No space left on device" in (folder / "errors").read_bytes()[-_MAX_ERRORS:]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _detail(folder: Path, status: int) -> str:
    """Return one line about a failure, without the names of temporary files."""
    if status < 0:
        return f"the decoder was stopped by signal {-status}, as it exceeded a limit"
    with (folder / "errors").open("rb") as file:
        file.seek(max(0, (folder / "errors").stat().st_size - _MAX_ERRORS))
        lines = file.read().decode("utf-8", "replace").splitlines()
    text = next((line for line in reversed(lines) if line.strip()), "no reason given")
    for folder_name in (f"file:{folder}/", f"{folder}/"):
        text = text.replace(folder_name, "")
    printable = "".join(character for character in text if character.isprintable())
    return printable.strip().rstrip(".")[:_MAX_DETAIL]
