"""``manage.py demo`` as a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.support.servers import ROOT

MANAGE = ROOT / "testproject" / "manage.py"


class Demo(NamedTuple):
    """A demo that runs; ``site`` is its gallery's URL, without a final slash."""

    site: str
    output: str
    process: "subprocess.Popen[str]"


@contextmanager
def running_demo(*arguments: str) -> Iterator[Demo]:
    """Run the demo until the block ends."""
    command = [sys.executable, str(MANAGE), "demo", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        output = ""
        while "Press Ctrl-C" not in output:
            line = process.stdout.readline()
            assert line, f"The demo ended:\n{output}"
            output += line
        found = re.search(r"Gallery +(http\S+)/", output)
        assert found is not None, output
        yield Demo(found[1], output, process)
    finally:
        process.terminate()
        process.communicate(timeout=600)
