"""The code blocks of the documents."""

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

from tests.support.servers import ROOT

_BLOCK = re.compile(
    r"^(?P<indent> *)\.\. code-block:: (?P<language>\S+)\n(?P<options>(?: +:.+\n)*)\n"
    r"(?P<code>(?:(?P=indent) {3}.*\n|\n)+)",
    re.MULTILINE,
)


class Example(NamedTuple):
    document: Path
    language: str
    code: str
    options: str


DOCUMENTS = sorted([*ROOT.glob("*.rst"), *ROOT.glob("docs/**/*.rst")])
EXAMPLES = [
    Example(document, match["language"], textwrap.dedent(match["code"]), match["options"])
    for document in DOCUMENTS
    for match in _BLOCK.finditer(document.read_text())
]
