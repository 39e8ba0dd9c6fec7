"""What is said at the end of a run: what was left out, and how many tests of each tier ran."""

from collections import Counter
from typing import Any

import pytest

from tests.support import requirements
from tests.support.requirements import NOT_INSTALLED, TIERS

_OUTCOMES = ("passed", "failed", "error", "skipped")


def note_tier(item: pytest.Item) -> None:
    """Note the tier of a test where its reports have it, in whatever process it runs."""
    item.user_properties.append(
        ("tier", requirements.tier({mark.name for mark in item.iter_markers()}))
    )


def write(reporter: Any) -> None:
    _write_left_out(reporter)
    _write_tiers(reporter)


def _tier(report: Any) -> str:
    return str(dict(getattr(report, "user_properties", ())).get("tier", "unit"))


def _write_left_out(reporter: Any) -> None:
    reasons = (report.longrepr[2] for report in reporter.stats.get("skipped", []))
    wanted = Counter(reason.partition(NOT_INSTALLED)[2] for reason in reasons)
    wanted.pop("", None)
    if wanted:
        reporter.section("NOT INSTALLED: tests were skipped that need", red=True)
        for what, number in sorted(wanted.items()):
            reporter.write_line(f"{what} ({number} tests)")


def _write_tiers(reporter: Any) -> None:
    """Write a line for each tier, which the scripts of ``.ci`` read, too."""
    counts = {result: Counter(map(_tier, reporter.stats.get(result, []))) for result in _OUTCOMES}
    if any(counts.values()):
        reporter.section("tests of each tier")
    for name in TIERS:
        parts = [f"{counts[each][name]} {each}" for each in _OUTCOMES if counts[each][name]]
        if parts:
            reporter.write_line(f"tier {name}: {', '.join(parts)}")
