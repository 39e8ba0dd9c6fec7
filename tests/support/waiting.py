"""
How tests wait: until something has happened, however long that takes on a busy machine.

A time-out only ends what would hang forever. It is never what a test is about: where the product's
own time-outs matter, a test makes them small, and has its server answer when it is told to.
"""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Seconds: far above what anything here takes, on the slowest machine and beside other work.
PATIENCE = 600
# Seconds between two looks: first the shorter, then the longer.
_SHORTEST, _LONGEST = 0.001, 0.05


def wait_until(condition: Callable[[], T], what: str | Callable[[], str]) -> T:
    """Return what a condition gives as soon as it is true; ``what`` says what is waited for."""
    deadline = time.monotonic() + PATIENCE
    pause = _SHORTEST
    while not (found := condition()):
        if time.monotonic() > deadline:
            described = what if isinstance(what, str) else what()
            raise TimeoutError(f"Waited {PATIENCE} seconds in vain for {described}")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST)
    return found
