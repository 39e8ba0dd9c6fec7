"""axe-core in a page: what it finds wrong for people who use assistive technology."""

from pathlib import Path
from typing import Any

from tests.support.requirements import missing

_SCRIPT = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
_RUN = "part => axe.run(part, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})"


def violations(page: Any, part: str) -> list[tuple[str, str]]:
    """Return the violations of WCAG 2.2 in a part of a page: the rule and the element of each."""
    if not _SCRIPT.is_file():
        missing("axe-core: npm install --no-save axe-core@4.11.0")
    page.evaluate(_SCRIPT.read_text("utf-8"))
    found = page.evaluate(_RUN, part)["violations"]
    return [(rule["id"], node["html"]) for rule in found for node in rule["nodes"]]
