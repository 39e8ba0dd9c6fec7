"""
What a document asks of its readers, and whether they get what it shows.

* Commands are the lines of ``sh`` blocks, and those after ``$`` in ``console`` blocks. What a block
  shows below a command must be what comes; ``...`` stands for anything.
* A block that names a file, by its caption or in its first line, is for that file.
* A comment ``.. by hand: log in`` is something to do in the browser.
* An image is what is seen there.
"""

import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

# The templates of the README name no file.
TEMPLATE = "photo_detail.html"

_STEP = re.compile(
    r"^ *\.\. (?:code-block:: (?P<language>\S+)|(?P<kind>image|by hand)::? (?P<what>.+))\n"
    r"(?: +:caption: (?P<caption>.+)\n| +:.+\n)*\n*"
    r"(?P<body>(?:(?: {3}.+)?\n)*)",
    re.M,
)
_FIRST_LINE = re.compile(r"# (\w+\.py)\n")
# A command, and what is shown below it.
_COMMANDS = {
    "console": re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", re.M),
    "sh": re.compile(r"^(.+)\n", re.M),
}
# What is another each time: folders of originals, signatures, durations, sizes of photos.
_VARIES = re.compile(
    r"\b[0-9a-f]{8}(/[0-9a-f]{4}){3}/[0-9a-f]{12}|\b[0-9a-f]{32}\b| +[0-9]+ ms\b|\([0-9.]+\sMB\)"
)


class Step(NamedTuple):
    """A command, a file, something by hand or an image; ``place`` is the document and the line."""

    place: str
    kind: str
    what: str
    text: str = ""


def steps(path: Path) -> Iterator[Step]:
    document = path.read_text()
    for match in _STEP.finditer(document):
        line = document.count("\n", 0, match.start()) + 1
        first = document.count("\n", 0, match.start("body")) + 1
        body = dedent(match["body"]).rstrip() + "\n"
        if match["kind"]:
            yield Step(f"{path}:{line}", match["kind"], match["what"])
        elif match["language"] in _COMMANDS:
            for found in _COMMANDS[match["language"]].finditer(body):
                place = f"{path}:{first + body.count(chr(10), 0, found.start())}"
                yield Step(place, "command", *found.groups())
        elif name := file_name(match, body):
            yield Step(f"{path}:{line}", "file", name, body)


def file_name(match: "re.Match[str]", body: str) -> str:
    if named := _FIRST_LINE.match(body):
        return named[1]
    return match["caption"] or (TEMPLATE if match["language"] == "html+django" else "")


def compare(shown: str, came: str) -> None:
    """Make sure that a command prints what its document shows, if that shows anything."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    shown, came = (_VARIES.sub(" ", text).strip() + "\n" for text in (shown, came))
    checker = doctest.OutputChecker()
    if shown.strip() and not checker.check_output(shown, came, flags):
        example = doctest.Example("", shown)
        raise AssertionError(checker.output_difference(example, came, flags))
