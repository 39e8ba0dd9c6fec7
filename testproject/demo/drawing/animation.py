"""A boat on a sea that moves."""

from collections.abc import Callable
from math import cos, pi, sin

from PIL import Image, ImageDraw

from demo.drawing.colors import Point, Size
from demo.drawing.light import gradient


def waves(size: Size = (720, 480), frames: int = 24) -> list[Image.Image]:
    """A boat on a sea that moves; the last frame leads to the first again."""
    width, height = size
    sky = gradient((2 * width, 2 * height), ["#f7a072", "#f9c58d", "#fbe3b0"], end=0.62)
    ImageDraw.Draw(sky).circle((1.42 * width, 0.86 * height), 0.24 * height, fill="#fff4d6")
    return [
        _wave(sky, turn / frames).resize(size, Image.Resampling.LANCZOS) for turn in range(frames)
    ]


def _wave(sky: Image.Image, turn: float) -> Image.Image:
    """One frame, at twice its size; ``turn`` runs from 0 to 1."""
    picture = sky.copy()
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    rows = [("#e8896b", 0.60), ("#c9677a", 0.68), ("#8f4f80", 0.77), ("#553c74", 0.87)]
    for number, (color, level) in enumerate(rows):
        swell = _swell(number, turn, level, height)
        if number == 2:
            _sailing(draw, width * 0.36, swell, width)
        draw.polygon(
            [
                (0, height),
                *[(x, swell(x / width)) for x in range(0, width + 8, 8)],
                (width, height),
            ],
            fill=color,
        )
    return picture


def _swell(number: int, turn: float, level: float, height: int) -> Callable[[float], float]:
    crests, way = 1.5 + 0.5 * (3 - number), 1 if number % 2 else -1
    rise = (0.012 + 0.007 * number) * height
    phase = 2 * pi * (way * turn + 0.3 * number)

    def swell(t: float) -> float:
        return level * height + rise * (
            sin(2 * pi * crests * t + phase) + 0.4 * cos(4 * pi * crests * t - phase)
        )

    return swell


def _sailing(
    draw: ImageDraw.ImageDraw, x: float, swell: Callable[[float], float], width: int
) -> None:
    unit = width / 13
    y = swell(x / width) - 0.12 * unit
    slope = (swell((x + unit) / width) - swell((x - unit) / width)) / (2 * unit)

    def turned(points: list[Point]) -> list[Point]:
        return [(x + unit * (dx - slope * dy), y + unit * (dy + slope * dx)) for dx, dy in points]

    draw.polygon(turned([(-1.1, -0.25), (1.25, -0.32), (0.85, 0.25), (-0.8, 0.25)]), fill="#3a2a4d")
    draw.line(turned([(0.1, -0.3), (0.1, -2.9)]), fill="#3a2a4d", width=round(0.08 * unit))
    draw.polygon(turned([(0.0, -0.5), (0.0, -2.85), (-1.25, -0.5)]), fill="#fff7e6")
    draw.polygon(turned([(0.2, -0.5), (0.2, -2.6), (1.15, -0.5)]), fill="#fbd9b0")
