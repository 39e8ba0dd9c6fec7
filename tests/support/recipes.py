"""The code of docs/howto/recipes.rst, by the heading above it."""

import re

from tests.support.examples import EXAMPLES
from tests.support.servers import ROOT

PAGE = ROOT / "docs" / "howto" / "recipes.rst"
_HEADING = re.compile(r"^(.+)\n(?:=+|-+)\n", re.MULTILINE)


def headings() -> list[str]:
    return [match[1] for match in _HEADING.finditer(PAGE.read_text())]


def recipe(heading: str, number: int = 0) -> str:
    """Return a code block below a heading, the first by default."""
    parts = _HEADING.split(PAGE.read_text())
    section = parts[parts.index(heading) + 1]
    count = section.count(".. code-block::")
    before = "".join(parts[: parts.index(heading)]).count(".. code-block::")
    examples = [example for example in EXAMPLES if example.document == PAGE]
    return examples[before : before + count][number].code
