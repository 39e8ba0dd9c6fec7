"""Programs that run in a gallery of its own, as processes."""

import subprocess
import sys

from tests.support.galleries import MANAGE
from tests.support.waiting import PATIENCE


def shell(environment: dict[str, str], program: str) -> "subprocess.Popen[str]":
    """Run a program in a gallery of its own."""
    command = [sys.executable, str(MANAGE), "shell", "--no-imports", "-c", program]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)


def finish(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    return output


def tell(process: "subprocess.Popen[str]", *lines: str) -> None:
    assert process.stdin
    process.stdin.write("\n".join([*lines, ""]))
    process.stdin.flush()
