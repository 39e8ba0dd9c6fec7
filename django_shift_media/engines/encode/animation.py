"""The timing of an animation, in durations that output formats can store."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# In milliseconds. Browsers show what is shorter for 100; GIF cannot store what is longer; the total
# of a WebP is a 32-bit integer.
_MIN_DURATION, _MAX_DURATION, _MAX_TOTAL = 11, 655_350, 2**31 - 1
_HUNDREDTH = 10
_MAX_PNG_NUMERATOR = 65_535  # of a fraction of a second


@dataclass(frozen=True, slots=True)
class AnimationTiming:
    """The duration of each frame in milliseconds, and how often to play all; 0 is endless."""

    durations: tuple[float, ...]
    plays: int = 0

    def rounded(self, format: str) -> list[int]:
        """
        Return the durations as a format can store them, in whole milliseconds.

        What is lost by rounding is added to the next frame, so that the total stays the same.
        """
        is_long = max(self.durations) > _MAX_PNG_NUMERATOR
        in_hundredths = format == "GIF" or (format == "PNG" and is_long)
        return _round_durations(self.durations, _HUNDREDTH if in_hundredths else 1)


def _round_durations(durations: Sequence[float], unit: int) -> list[int]:
    longest = min(_MAX_DURATION, _MAX_TOTAL // len(durations))
    shortest = math.ceil(_MIN_DURATION / unit)
    rest, rounded = 0.0, []
    for duration in durations:
        exact = min(duration, longest) + rest
        units = min(max(round(exact / unit), shortest), longest // unit)
        rounded.append(units * unit)
        rest = exact - rounded[-1]
    return rounded


def play_options(plays: int, format: str) -> dict[str, int]:
    """Return the option of Pillow's writer of a format for that many plays."""
    return {} if format == "AVIF" else {"loop": plays}
