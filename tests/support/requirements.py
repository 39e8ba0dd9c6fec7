"""What a test needs of the machine: programs that may be missing."""

import os

import pytest

REQUIRE_ALL = bool(os.environ.get("REQUIRE_ALL"))
NOT_INSTALLED = "NOT INSTALLED: "


def missing(what: str) -> None:
    """Skip a test for want of a program; where all are required, fail it."""
    (pytest.fail if REQUIRE_ALL else pytest.skip)(f"{NOT_INSTALLED}{what}")
