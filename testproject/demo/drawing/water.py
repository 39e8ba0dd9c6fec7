"""Water that shows what is above it, and the open sea."""

import random
from math import pi, sin

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from demo.drawing.colors import mixed
from demo.drawing.light import gradient


def mirrored(picture: Image.Image, shore: float, tint: str, dice: random.Random) -> Image.Image:
    """Replace what is under the shore by water, whose ripples grow towards the viewer."""
    width, height = picture.size
    line = round(shore * height)
    depth = height - line
    water = ImageOps.flip(picture.crop((0, max(0, line - 2 * depth), width, line)))
    water = water.resize((width, depth)).filter(ImageFilter.GaussianBlur((10, 4)))
    rippled = water.copy()
    phases = [dice.uniform(0, 2 * pi) for _ in range(3)]
    for row in range(depth):
        near = (row + 8) / depth
        wave = sin(26 * near**0.5 * 2 * pi + phases[0]) + 0.6 * sin(61 * near**0.6 * 2 * pi)
        shift = round(0.010 * width * near * wave + dice.uniform(-2, 2))
        rippled.paste(water.crop((0, row, width, row + 1)), (shift, row))
    rippled = rippled.filter(ImageFilter.GaussianBlur((2, 0.8)))
    fade = gradient((width, depth), [tint, tint])
    depths = Image.linear_gradient("L").resize((width, depth))
    mask = depths.point([50 + value // 2 for value in range(256)])
    rippled.paste(fade, mask=mask)
    picture.paste(rippled, (0, line))
    return picture


def sea(picture: Image.Image, dice: random.Random, horizon: float) -> None:
    width, height = picture.size
    top = round(horizon * height)
    water = gradient((width, height - top), ["#c98a8b", "#6f6291", "#2d3a68", "#131f45"])
    draw = ImageDraw.Draw(water)
    for _ in range(1500):
        y = dice.random() ** 1.6
        x, length = dice.random() * width, (0.01 + 0.05 * y) * width * dice.uniform(0.4, 1)
        color = mixed("#ffd9ae", "#4f6296", min(1, y * 1.5)) if dice.random() < 0.5 else "#1c2a56"
        box = (x, y * water.height, x + length, y * water.height + 1 + 4 * y)
        draw.ellipse(box, fill=color)
    picture.paste(water.filter(ImageFilter.GaussianBlur((3, 1))), (0, top))
