"""Programs that run in a terminal: ``man 7 pty``."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any


def in_a_terminal(columns: int, command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a program in a terminal of so many columns; return what it has printed there."""
    variables = {name: value for name, value in environment.items() if name != "COLUMNS"}
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    ends: Any = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
    with os.fdopen(controller, "rb", 0) as screen:
        with subprocess.Popen(command, env=variables, **ends) as process:
            os.close(terminal)
            parts = []
            # The end of a terminal whose program is gone is an error on Linux.
            with suppress(OSError):
                while part := screen.read(4096):
                    parts.append(part)
        assert process.returncode == 0, b"".join(parts).decode()
    return b"".join(parts).decode().replace("\r\n", "\n")
