"""The timing of an animation, and the options of Pillow's writers for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnimationTiming:
    """The duration of each frame in milliseconds, and how often to play all; 0 is endless."""

    durations: tuple[int, ...]
    plays: int = 0


def loop_options(plays: int, format: str) -> dict[str, int]:
    """
    Return the option of Pillow's writer of a format for that many plays.

    For GIF, the option is the number of repetitions after the first time, and 0 is endless:
    https://github.com/python-pillow/Pillow/issues/4575.
    """
    if format == "GIF":
        return {} if plays == 1 else {"loop": (plays and plays - 1)}
    return {} if format == "AVIF" else {"loop": plays}
