"""What became of one file, for the commands to count and tell."""

from typing import Literal, NamedTuple

# "quiet" is only counted, "news" is told, too, and "trouble" makes a command fail in the end.
Weight = Literal["quiet", "news", "trouble"]


class Result(NamedTuple):
    """
    ``what`` is as in "3 deleted", ``name`` a key or a row, ``size`` in bytes.

    ``note`` says why.
    """

    what: str
    name: str
    size: int = 0
    note: str = ""
    weight: Weight = "quiet"
