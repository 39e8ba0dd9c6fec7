"""The result of an operation on one file, which the commands count and report."""

from typing import Literal, NamedTuple

# "info" is only counted, "notice" is printed, and "error" is printed and makes the command fail.
Severity = Literal["info", "notice", "error"]


class Result(NamedTuple):
    """
    The result of an operation on one file.

    ``outcome`` is a word or two for the summary, such as "deleted" in "3 deleted". ``name`` is a
    key, or the name of a file in a row. ``size`` is in bytes. ``note`` is the reason, if any.
    """

    outcome: str
    name: str
    size: int = 0
    note: str = ""
    severity: Severity = "info"
