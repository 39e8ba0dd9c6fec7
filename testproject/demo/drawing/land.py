"""Mountains, dunes, rocks and firs."""

import random
from collections.abc import Iterator
from itertools import pairwise
from math import pi, sin

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from demo.drawing.colors import Point, Size, mixed
from demo.drawing.light import gradient


def ridge(dice: random.Random, middle: float, rough: float, width: int) -> list[float]:
    """Return a height for each column: each half is bent in its middle, again and again."""
    heights = [middle + dice.uniform(-0.3, 0.3) * rough for _ in range(2)]
    while len(heights) < width:
        bent = [(a + b) / 2 + dice.uniform(-0.5, 0.5) * rough for a, b in pairwise(heights)]
        joined = [height for pair in zip(heights, bent, strict=False) for height in pair]
        heights = [*joined, heights[-1]]
        rough *= 0.52
    return [heights[column * (len(heights) - 1) // width] for column in range(width)]


def below(line: list[float], size: Size) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon([(0, size[1]), *enumerate(line), size], fill=255)
    return mask.filter(ImageFilter.BoxBlur(1))


def layer(picture: Image.Image, line: list[float], color: str, foot: str) -> Image.Image:
    """Put a chain of hills in front, which fades to the color of the haze at its foot."""
    top, bottom = min(line) / picture.height, min(1, max(line) / picture.height + 0.12)
    hills = Image.new("RGB", picture.size, foot)
    part = gradient((picture.width, round((bottom - top) * picture.height)), [color, color, foot])
    hills.paste(part, (0, round(top * picture.height)))
    picture.paste(hills, mask=below(line, picture.size))
    return picture


def dune(
    picture: Image.Image, dice: random.Random, top: float, rise: float, bright: str, dark: str
) -> Image.Image:
    width, height = picture.size
    phase, second = dice.uniform(0, 2 * pi), dice.uniform(0, 2 * pi)
    waves = dice.uniform(1.0, 1.9)

    def crest(t: float) -> float:
        wave = sin(waves * 2 * pi * t + phase)
        return top - rise * (
            abs(wave) ** 0.8 * (1 if wave > 0 else -1) + 0.35 * sin(5 * t + second)
        )

    line = [crest(x / width) * height for x in range(width)]
    lit_side = Image.new("RGB", picture.size, bright)
    body = gradient((width, height - round(min(line))), [bright, mixed(bright, dark, 0.45)])
    lit_side.paste(body, (0, round(min(line))))
    picture.paste(lit_side, mask=below(line, picture.size))
    # The shade begins at the crest where it falls away from the sun, and creeps down the slope.
    shade = Image.new("L", picture.size)
    draw = ImageDraw.Draw(shade)
    for left, right in falling(line):
        span = right - left
        curve = [
            (left + span * s, line[left + round(span * s)]) for s in (i / 60 for i in range(61))
        ]
        lower = [
            (
                left + span * (s**1.1 - 0.05 * sin(pi * s)),
                line[left]
                + (line[right] - line[left]) * s
                + 2.6 * height * rise * sin(pi * s) ** 1.3,
            )
            for s in (i / 60 for i in range(60, -1, -1))
        ]
        draw.polygon([*curve, *lower], fill=235)
    mask = ImageChops.multiply(shade.filter(ImageFilter.GaussianBlur(3)), below(line, picture.size))
    picture.paste(dark, mask=mask)
    return picture


def falling(line: list[float]) -> Iterator[tuple[int, int]]:
    """Yield where the line goes down to the left of a crest: from the trough to the crest."""
    start = 0
    for x in range(1, len(line)):
        if line[x] > line[x - 1]:  # downhill, to the right
            if x - 1 - start > 40:
                yield start, x - 1
            start = x
    if len(line) - 1 - start > 40:
        yield start, len(line) - 1


def forest(
    picture: Image.Image,
    dice: random.Random,
    ground: float,
    color: str,
    gap: Point = (2, 2),
) -> None:
    """Plant firs along the bottom, tall ones at both sides."""
    width, height = picture.size
    mask = Image.new("L", picture.size)
    draw = ImageDraw.Draw(mask)
    draw.rectangle((0, (ground + 0.025) * height, width, height), fill=255)
    for _ in range(150):
        x = dice.random()
        if gap[0] < x < gap[1]:
            continue
        tall = (0.07 + 0.17 * abs(2 * x - 1) ** 1.8) * dice.uniform(0.6, 1.15) * height
        fir(draw, x * width, (ground + dice.uniform(0.02, 0.07)) * height, tall, dice)
    picture.paste(color, mask=mask.filter(ImageFilter.GaussianBlur(1)))


def fir(draw: ImageDraw.ImageDraw, x: float, foot: float, tall: float, dice: random.Random) -> None:
    left, right = [], []
    tiers = 14
    for tier in range(tiers):
        y = foot - tall + tall * tier / tiers
        reach = tall * 0.19 * (tier + 0.4) / tiers
        for side, points in ((-1, left), (1, right)):
            points.append((x + side * reach * 0.45, y))
            points.append((x + side * reach * dice.uniform(0.8, 1.15), y + tall / tiers * 1.1))
    draw.polygon([(x, foot - tall * 1.04), *right, (x, foot), *reversed(left)], fill=255)


def rock(picture: Image.Image, dice: random.Random, left: float) -> None:
    width, height = picture.size
    for number, color in enumerate(["#2c2a4a", "#1a1b36", "#0d1026"]):
        rise = [max(0, (x / width - left - 0.05 * number) / 0.28) for x in range(width)]
        jags = ridge(dice, 0, 0.035 * height, width)
        line = [
            height * (0.96 + 0.02 * number)
            - min(1, r) ** 0.7 * height * (0.17 - 0.035 * number)
            + jag
            for r, jag in zip(rise, jags, strict=True)
        ]
        picture.paste(color, mask=below(line, picture.size))
