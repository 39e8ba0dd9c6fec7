"""A town, a city and a lighthouse."""

import random
from math import exp

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from demo.drawing.colors import Point, mixed, pixels

LAMPS = ["#ffc46b", "#ffb255", "#ffe0a3", "#e08a48"]


def houses(
    picture: Image.Image, windows: Image.Image, dice: random.Random, row: int, shore: float
) -> None:
    """Build one of three rows of houses, the farthest and highest first."""
    width, height = picture.size
    draw, lamps = ImageDraw.Draw(picture), ImageDraw.Draw(windows)
    x, foot = -0.01, (shore - 0.022 * (2 - row)) * height
    while x < 1:
        wide = dice.uniform(0.020, 0.034)
        low = 0.45 + 0.55 * min(1, abs(x - 0.66) / 0.3)  # lower where the sun is
        left, right = x * width, (x + wide) * width
        top = foot - dice.uniform(0.035, 0.075) * low * height
        color = mixed(("#7a4a72", "#523561", "#31234c")[row], "#8a4a5e", 0.35 * dice.random())
        draw.rectangle((left, top, right, foot), fill=color)
        lamps.rectangle((left, top, right, foot), fill="black")
        ridgeline, peak = (left + right) / 2, top - dice.uniform(0.3, 0.75) * (right - left)
        roof = [(left - 5, top), (ridgeline, peak), (right + 5, top)]
        draw.polygon(roof, fill=mixed(color, "#1a1030", 0.45))
        lamps.polygon(roof, fill="black")
        for y in range(round(top) + 12, round(foot) - 16, 32):
            for column in range(round(left) + 10, round(right) - 14, 20):
                if dice.random() < 0.2 + 0.14 * row:
                    lamps.rectangle((column, y, column + 7, y + 12), fill=dice.choice(LAMPS))
        x += wide * dice.uniform(0.9, 1.3)


def church(picture: Image.Image, windows: Image.Image, left: float, shore: float) -> None:
    draw, lamps = ImageDraw.Draw(picture), ImageDraw.Draw(windows)
    x, foot, half = left * picture.width, shore * picture.height, 0.011 * picture.width
    top = foot - 0.19 * picture.height
    for each, color in ((draw, "#2b1f47"), (lamps, "black")):
        each.rectangle((x - half, top, x + half, foot), fill=color)
    spire = [(x - 1.25 * half, top), (x, top - 6 * half), (x + 1.25 * half, top)]
    draw.polygon(spire, fill="#1c1333")
    lamps.rectangle((x - 6, top + 40, x + 6, top + 64), fill="#ffd79a")
    for number in range(14):  # along the quay
        lamps.circle(((0.03 + 0.073 * number) * picture.width, foot - 12), 5, fill="#ffdca0")


def towers(
    picture: Image.Image,
    windows: Image.Image,
    dice: random.Random,
    color: str,
    tallest: float,
    number: int,
) -> None:
    width, height = picture.size
    draw, lamps = ImageDraw.Draw(picture), ImageDraw.Draw(windows)
    x, step = -0.02, 15 + 3 * number
    while x < 1:
        wide = dice.uniform(0.025, 0.065)
        hill = exp(-(((x - 0.56 + 0.04 * number) / 0.26) ** 2))
        tall = tallest * (0.25 + 0.75 * hill) * dice.uniform(0.55, 1.08)
        left, right = round(x * width), round((x + wide) * width)
        top, bottom = round((0.70 - tall) * height), round(0.70 * height)
        for window in (draw, lamps):  # it hides the lights behind it
            window.rectangle((left, top, right, bottom), fill=color if window is draw else "black")
        if dice.random() < 0.3:
            draw.rectangle(
                (left + (right - left) // 3, top - 40, right - (right - left) // 3, top), fill=color
            )
            draw.line(
                (left + (right - left) // 2, top - 110, left + (right - left) // 2, top),
                fill=color,
                width=5,
            )
        shade = (0.35, 0.62, 0.9)[number]
        density = dice.uniform(0.12, 0.5)
        lamp = mixed("#000000", dice.choice([*LAMPS, "#cfe0ff"]), shade)
        for row in range(top + step, bottom - step // 2, round(step * 1.5)):
            for column in range(left + step // 2, right - step // 2, step):
                if dice.random() < density:
                    lamps.rectangle(
                        (column, row, column + step // 2 - 1, row + step // 2 + 2), fill=lamp
                    )
        x += wide * dice.uniform(0.75, 1.15)


def tower(picture: Image.Image, lamp: Point, foot: float) -> None:
    """The lighthouse: white with red bands, lit from the left."""
    x, y = pixels(lamp, picture.size)
    bottom, unit = foot * picture.height, picture.width * 0.052
    top = y + 0.9 * unit
    column = Image.new("RGB", picture.size, "#e9e2e4")
    draw = ImageDraw.Draw(column)
    for band in range(1, 6, 2):
        draw.rectangle(
            (
                0,
                top + (bottom - top) * band / 6,
                picture.width,
                top + (bottom - top) * (band + 1) / 6,
            ),
            fill="#a8323a",
        )
    dark = Image.linear_gradient("L").rotate(90).resize((round(3.4 * unit), 8))
    shade = Image.new("L", (picture.width, 8), 255)
    shade.paste(
        ImageOps.invert(dark) if dark.getpixel((0, 0)) > 128 else dark, (round(x - 1.7 * unit), 0)
    )
    shade = shade.resize(picture.size).point([round(210 * value / 255) for value in range(256)])
    column.paste("#1d1c3c", mask=shade)
    mask = Image.new("L", picture.size)
    shape = ImageDraw.Draw(mask)
    shape.polygon(
        [
            (x - 0.95 * unit, top),
            (x + 0.95 * unit, top),
            (x + 1.6 * unit, bottom + 60),
            (x - 1.6 * unit, bottom + 60),
        ],
        fill=255,
    )
    picture.paste(column, mask=mask.filter(ImageFilter.GaussianBlur(1.2)))
    draw = ImageDraw.Draw(picture)
    for number in range(2):  # two windows, on different sides of the stairs
        wy = top + (bottom - top) * (0.30 + 0.33 * number)
        wx = x - 0.2 * unit + 0.3 * unit * number
        draw.rounded_rectangle((wx, wy, wx + 0.26 * unit, wy + 0.5 * unit), 6, fill="#ffd48a")
    draw.rectangle(
        (x - 1.35 * unit, top - 0.12 * unit, x + 1.35 * unit, top + 0.14 * unit), fill="#17182f"
    )
    for post in range(-6, 7):
        px = x + post * 0.21 * unit
        draw.line((px, top - 0.55 * unit, px, top), fill="#17182f", width=3)
    draw.line(
        (x - 1.35 * unit, top - 0.55 * unit, x + 1.35 * unit, top - 0.55 * unit),
        fill="#17182f",
        width=5,
    )
    draw.rectangle((x - 0.62 * unit, y - 0.62 * unit, x + 0.62 * unit, top), fill="#ffedbd")
    for post in (-0.62, -0.2, 0.2, 0.62):
        draw.line((x + post * unit, y - 0.62 * unit, x + post * unit, top), fill="#17182f", width=5)
    draw.pieslice(
        (x - 0.8 * unit, y - 1.3 * unit, x + 0.8 * unit, y + 0.1 * unit), 180, 360, fill="#7c2530"
    )
    draw.line((x, y - 1.9 * unit, x, y - 1.2 * unit), fill="#17182f", width=6)
