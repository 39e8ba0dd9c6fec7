"""What a test needs of the machine: programs that may be missing, and the tier that has them."""

import os
from collections.abc import Iterable
from typing import Any

import pytest
from boto3.session import Session

REQUIRE_ALL = bool(os.environ.get("REQUIRE_ALL"))
NOT_INSTALLED = "NOT INSTALLED: "
# The partition is newer than the oldest boto3 that the package supports.
knows_eusc = pytest.mark.skipif(
    "aws-eusc" not in Session().get_available_partitions(),
    reason="this boto3 does not know the European Sovereign Cloud",
)
# A test belongs to the first of these that it is marked with, else to "unit".
MARKERS = ("nightly", "browser", "server")
TIERS = ("unit", "server", "browser", "nightly")
# Fixtures and parameters that stand for a program.
_PROGRAMS = {
    "browser": {"chromium"},
    "server": {
        *("s3rver", "ceph", "ministack", "seaweedfs", "juicefs", "direct_storage"),
        *("gcs", "azurite"),
        *("postgresql", "mariadb", "redis"),
    },
}

# The markers of the test that is running; outside of tests, all.
_markers: Iterable[str] = MARKERS


def missing(what: str) -> None:
    """
    Skip a test for want of a program; where all are required, fail it.

    If a file of tests asks while it is imported, all of its tests are skipped.
    """
    if REQUIRE_ALL:
        pytest.fail(f"{NOT_INSTALLED}{what}")
    pytest.skip(f"{NOT_INSTALLED}{what}", allow_module_level=True)


def tier(markers: Iterable[str]) -> str:
    """Return the tier of a test that has these markers, among others."""
    return next((marker for marker in MARKERS if marker in markers), "unit")


def mark(item: pytest.Item) -> None:
    """Mark a test whose fixtures or parameters name a program."""
    parameters = getattr(item, "callspec", None)
    names = {*getattr(item, "fixturenames", ()), *_texts(parameters.params if parameters else {})}
    for marker, programs in _PROGRAMS.items():
        if names & programs:
            item.add_marker(marker)


def _texts(parameters: dict[str, Any]) -> Iterable[str]:
    return (value for value in parameters.values() if isinstance(value, str))


def enter(item: pytest.Item) -> None:
    """Note which programs the test that begins may start."""
    global _markers
    _markers = {marker.name for marker in item.iter_markers()}


def permit(marker: str) -> None:
    """Fail a test that starts a program which its markers do not tell of."""
    if marker not in _markers:
        pytest.fail(f"This test starts a program: mark it with pytest.mark.{marker}.")
