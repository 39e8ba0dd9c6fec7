"""How long the frames of an animation are shown, and how Pillow's writers are told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnimationTiming:
    """How long each frame is shown, in milliseconds, and how often all of them are."""

    durations: tuple[int, ...]
    plays: int = 0


def loop_options(plays: int, format: str) -> dict[str, int]:
    """Return what Pillow's writer of a format takes for that many plays."""
    if format == "GIF":
        return {} if plays == 1 else {"loop": (plays and plays - 1)}
    return {} if format == "AVIF" else {"loop": plays}
