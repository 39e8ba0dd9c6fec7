"""
A shortage of memory, caused by a limit on the address space of a process.

It is not the fault of the file: the engine raises ``MemoryError``, a form asks to try again, and
the view answers 503. It tries again after a while, and at once if the process can have more memory.
"""

import subprocess
import sys

import pytest

from django_shift_media.engines.memory import is_shortage
from tests.support.servers import ROOT
from tests.support.waiting import PATIENCE

ENOUGH = 600  # megabytes, for any work
# What each kind of work may end with, before a colon.
OUTCOMES = {
    "decode": {"ok", "MemoryError"},
    "encode": {"ok", "MemoryError"},
    "upload": {"ok", "try again"},
    "view": {"ok", "503 then 200"},
    "attempts": {"ok", "{503} after 0", "{503} after 1"},
}


def outcomes(engine: str, *levels: int) -> list[tuple[str, int, str]]:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.support.short_memory", engine]
        + [str(level) for level in (*levels, ENOUGH)],
        cwd=ROOT,
        env={
            "PYTHONPATH": f"{ROOT}:{ROOT / 'testproject'}",
            "DJANGO_SETTINGS_MODULE": "testproject.settings",
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    lines = [line.split("\t") for line in run.stdout.splitlines()]
    return [(name, int(megabytes), said) for name, megabytes, said in lines]


@pytest.mark.nightly
@pytest.mark.parametrize("engine", ["pillow", "vips"])
def test_a_shortage_of_memory_is_not_the_fault_of_a_file(engine: str) -> None:
    levels = range(1, 160, 6)
    found = outcomes(engine, *levels)
    assert [
        line for line in found if line[2].partition(":")[0] not in OUTCOMES[line[0].split()[0]]
    ] == []
    for name in {name for name, _, _ in found}:
        said = {megabytes: said for other, megabytes, said in found if other == name}
        assert said[ENOUGH] == "ok"
        assert said[levels[0]] != "ok", name


@pytest.mark.parametrize(
    "words",
    [
        "encoding error 1",
        "Failed to encode image: Out of memory",
        "Memory allocation error: Unspecified: Allocating 3000015 bytes failed",
        "can't allocate picture frame",
        "libavif.so.16: failed to map segment from shared object",
        "cannot allocate memory in static TLS block",
        "std::bad_alloc",
        "out of memory error when reading image file",
    ],
)
def test_words_that_say_that_memory_is_short(words: str) -> None:
    assert is_shortage(OSError(words))


@pytest.mark.parametrize(
    "words",
    [
        "encoding error 5",
        "encoding error 10",
        "broken data stream when reading image file",
        "could not create decoder object",
        "Memory allocation error: Security limit exceeded: Image size exceeds the limit",
        "Memory allocation error: Invalid image size: zero width or height",
    ],
)
def test_words_that_do_not_say_so_while_there_is_memory(words: str) -> None:
    assert not is_shortage(OSError(words))
