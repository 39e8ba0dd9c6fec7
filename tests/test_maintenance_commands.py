"""What all maintenance commands share: progress, reports, and a clean exit."""

import fcntl
import json
import logging
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import count
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management.base import OutputWrapper
from django.utils import timezone, translation

from django_shift_media.management.maintenance_command import parse_time
from django_shift_media.management.progress import Progress
from django_shift_media.management.terminal_command import format_size
from django_shift_media.storages.local import LocalMediaStorage
from tests.support.galleries import MANAGE, environment
from tests.support.servers import ROOT
from tests.support.stored_objects import keys_of, new_key, put, resize_of
from tests.support.waiting import PATIENCE, wait_until

MANAGED = [sys.executable, str(MANAGE)]


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    """A gallery of its own, whose media are 1,000 originals and as many resizes."""
    site = environment(tmp_path)
    subprocess.run([*MANAGED, "migrate", "-v0"], env=site, check=True)
    storage = LocalMediaStorage(location=tmp_path / "media")
    for _ in range(1000):
        put(storage, resize_of(put(storage, new_key())))
    return site


def test_a_bar_ends_full_however_many_were_expected() -> None:
    out = OutputWrapper(StringIO())
    progress = Progress(out, "files", quiet=False)
    with progress:
        progress.set_total(lambda count: 17)
        progress.advance(11)
    assert "100%" in out._out.getvalue()
    assert "11/11" in out._out.getvalue()


def on_screen(written: str) -> list[str]:
    """Return the lines that a terminal shows: after a carriage return, they are overwritten."""
    shown = []
    for line in written.split("\n"):
        text = ""
        for part in line.split("\r"):
            text = part + text[len(part) :]
        shown.append(text.rstrip())
    return shown


def test_log_lines_and_the_bar_do_not_run_together() -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    logger = logging.getLogger("tests.progress")
    with open(theirs, "w") as terminal:  # noqa: PTH123
        logger.addHandler(logging.StreamHandler(terminal))
        progress = Progress(OutputWrapper(terminal), "files", quiet=False)
        with progress:
            progress.set_total(lambda count: 100)
            for number in range(3):
                progress.advance(10)
                logger.error("Cannot make %d.jpg", number)
        logger.error("This is logged as before.")
        logger.handlers.clear()
        terminal.flush()
        written = ""
        while "as before" not in written:  # the terminal has what was written a moment later
            written += os.read(ours, 100_000).decode()
    os.close(ours)
    assert "files/s" in written
    lines = on_screen(written.replace("\r\n", "\n"))
    assert lines[:4] == [*(f"Cannot make {n}.jpg" for n in range(3)), "This is logged as before."]


def kept(site: dict[str, str]) -> set[str]:
    return keys_of(LocalMediaStorage(location=Path(site["GALLERY_DATA"], "media")))


def on_terminal(site: dict[str, str], *command: str) -> str:
    """Return what a person sees, with all that moves."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = subprocess.Popen(
        [*MANAGED, *command], env=site, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            seen += os.read(ours, 10_000)
        except OSError:  # the other side has closed it
            break
    os.close(ours)
    assert process.wait(PATIENCE) == 0
    return seen.decode()


def test_a_terminal_shows_a_bar_with_rate_and_time_left(site: dict[str, str]) -> None:
    seen = on_terminal(site, "clear_media_resizes", "--dry-run")
    assert re.search(
        r"[0-9]+%\|.*\| [0-9]+/[0-9]+ \[[0-9:]+<[0-9:]+, .*(objects/s|s/ objects)", seen
    )
    assert seen.rstrip().endswith("1,000 would be deleted (3.9 KB).")


def run(site: dict[str, str], *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*MANAGED, *command], env=site, capture_output=True, text=True)


def test_elsewhere_there_are_plain_lines(site: dict[str, str]) -> None:
    ran = run(site, "clear_media_resizes", "--dry-run")
    assert ran.returncode == 0
    assert "\r" not in ran.stdout + ran.stderr
    assert re.search(r"2000.*objects/s", ran.stderr)
    assert ran.stdout == "1,000 would be deleted (3.9 KB).\n"


def test_sizes_are_the_same_in_all_languages_and_in_ascii(site: dict[str, str]) -> None:
    ascii_only = {**site, "PYTHONIOENCODING": "ascii:strict"}
    ran = run(ascii_only, "clear_media_resizes", "--dry-run")
    assert (ran.returncode, ran.stdout) == (0, "1,000 would be deleted (3.9 KB).\n")
    with translation.override("de"):
        assert format_size(1_234_567) == "1.2 MB"


PRINTS_A_NAME = """
from django_shift_media.management.terminal_command import TerminalCommand

class Command(TerminalCommand):
    requires_system_checks = []

    def handle(self, **options):
        self.stdout.write("Deleted caf\\xe9.jpg.")

Command().run_from_argv(["manage.py", "print"])
"""


def test_a_terminal_that_lacks_a_character_does_not_end_the_command(tmp_path: Path) -> None:
    ascii_only = {**environment(tmp_path), "PYTHONIOENCODING": "ascii:strict"}
    shell = [*MANAGED, "shell", "--no-imports", "-c", PRINTS_A_NAME]
    ran = subprocess.run(shell, env=ascii_only, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("Deleted caf\\xe9.jpg.\n", "")


def test_quiet_says_nothing_and_json_one_document(site: dict[str, str]) -> None:
    ran = run(site, "clear_media_resizes", "--dry-run", "--quiet")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    ran = run(site, "clean_media_orphans", "--grace", "0s", "--json", "--quiet")
    document = json.loads(ran.stdout)
    assert len(document["files"]) == document["counts"]["orphaned"] == 1000
    assert document["finished"] is True
    ran = run(site, "clear_media_resizes", "--dry-run", "--json", "-v2", "--quiet")
    assert len(json.loads(ran.stdout)["files"]) == 1000


class HeldStorage(LocalMediaStorage):
    """Deletes a few files, and others when it is told to: there is a file "go on" then."""

    numbers = count()

    def delete(self, name: str) -> None:
        if next(self.numbers) >= 25:
            wait_until(Path(settings.DATA, "go on").exists, "the test")
        super().delete(name)


HELD = """
import sys
from django.conf import settings
from django.core.management import execute_from_command_line

settings.STORAGES = {
    **settings.STORAGES, "held": {"BACKEND": "tests.test_maintenance_commands.HeldStorage"}
}
settings.SHIFT_MEDIA_STORAGE = "held"
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.nightly)]
)
def test_who_is_interrupted_says_so_and_goes_on_the_next_time(
    site: dict[str, str], number: signal.Signals
) -> None:
    command = ["clean_media_orphans", "--grace", "0s", "--delete", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, *command],
        env={
            **site,
            "DJANGO_SETTINGS_MODULE": "testproject.settings",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(MANAGE.parent)]),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: len(kept(site)) <= 1950, "50 files to be deleted")
    process.send_signal(number)
    Path(site["GALLERY_DATA"], "go on").touch()
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number
    assert b"Traceback" not in errors
    document = json.loads(output)
    assert document["finished"] is False
    left = len(kept(site))
    assert 0 < left < 2000
    # What it said that it deleted is gone, and what was in the hands of its workers.
    assert 0 <= 2000 - left - 2 * document["counts"]["deleted"] <= 2 * 2 * 8
    again = run(site, *command)
    assert json.loads(again.stdout)["finished"] is True
    assert kept(site) == set()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-11-01", datetime(2026, 11, 1, 5, tzinfo=UTC)),
        ("2026-11-01T12:30", datetime(2026, 11, 1, 18, 30, tzinfo=UTC)),
        ("2026-11-01T12:30+00:00", datetime(2026, 11, 1, 12, 30, tzinfo=UTC)),
    ],
)
def test_moments(text: str, wanted: datetime) -> None:
    assert parse_time(text) == wanted  # in the default time zone, which is Chicago's


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("6h", 21600), ("1d", 86400), ("2w", 1209600)]
)
def test_moments_ago(text: str, seconds: int) -> None:
    before = timezone.now()
    then = parse_time(text)
    assert before <= then + timedelta(seconds=seconds) <= timezone.now()


@pytest.mark.parametrize("text", ["", "d", "1", "-1d", "1y", "tomorrow", "2026-13-01"])
def test_no_moments(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=f"^Invalid time {text!r}. Use a date or a time"):
        parse_time(text)
