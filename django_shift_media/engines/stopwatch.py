"""How long the parts of a piece of work take."""

import time


class Stopwatch:
    """
    Milliseconds by the name of each part, in the order in which they were first done.

    It runs from the beginning; ``lap()`` names what was done since the last lap. ``laps`` has the
    name of each lap, and the milliseconds from the beginning to its end.
    """

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self.laps: list[tuple[str, float]] = []
        self._started = self._last = time.perf_counter()

    def lap(self, part: str) -> None:
        """Add the time since the last lap to a part."""
        now = time.perf_counter()
        self.parts[part] = self.parts.get(part, 0) + 1000 * (now - self._last)
        self.laps.append((part, 1000 * (now - self._started)))
        self._last = now

    @property
    def milliseconds(self) -> float:
        """All of the time since the beginning."""
        return 1000 * (time.perf_counter() - self._started)
