"""The pictures, one function each."""

import random

from PIL import Image, ImageChops, ImageDraw

from demo.drawing.buildings import church, houses, tower, towers
from demo.drawing.colors import Point, Size, mixed
from demo.drawing.land import below, dune, forest, layer, ridge, rock
from demo.drawing.light import (
    beam,
    clouds,
    curtain,
    disc,
    glow,
    gradient,
    grain,
    halo,
    lit,
    stars,
    vignette,
)
from demo.drawing.things import boat, tent, walker
from demo.drawing.water import mirrored, sea

LANDSCAPE, PORTRAIT = (2400, 1600), (1600, 2400)
LAMP: Point = (0.70, 0.24)


def harbor(size: Size = LANDSCAPE) -> Image.Image:
    """A harbor at dusk: a town with lights in its windows, boats, and both again in the water."""
    width, height = size
    dice = random.Random(11)
    picture = gradient(size, ["#1b2350", "#4d3f7d", "#b4567f", "#f08a62", "#ffc983"], end=0.6)
    picture = lit(picture, clouds(size, dice, stretch=6), "#ff9d7a", 0.5, fade=(0.05, 0.5))
    picture = glow(picture, (0.66, 0.49), 0.62, "#ff9a5a", 0.7)
    picture = glow(picture, (0.66, 0.49), 0.16, "#ffe2a8", 0.9)
    picture = disc(picture, (0.66, 0.485), 0.034, "#fff1cf")
    for number, color in enumerate(["#b0647c", "#7d4d78"]):
        line = ridge(dice, height * (0.53 + 0.02 * number), height * 0.12, width)
        picture.paste(color, mask=below(line, size))
    windows = Image.new("RGB", size)
    for number in range(3):
        houses(picture, windows, dice, number, shore=0.62)
    church(picture, windows, left=0.235, shore=0.62)
    picture = ImageChops.screen(picture, windows)
    picture = ImageChops.screen(picture, halo(windows, 0.012))
    picture = mirrored(picture, 0.62, "#3b2f5c", dice)
    for left, top, scale in ((0.17, 0.80, 1.25), (0.43, 0.70, 0.62), (0.83, 0.74, 0.85)):
        boat(picture, (left, top), scale)
    return vignette(grain(picture, dice))


def mountains(size: Size = LANDSCAPE) -> Image.Image:
    """Mountains in layers of haze at sunrise, with firs in front."""
    width, height = size
    dice = random.Random(31)
    picture = gradient(size, ["#5f8fb8", "#a9c3d3", "#f3d9bd", "#f7c79c"], end=0.62)
    picture = lit(picture, clouds(size, dice, stretch=5), "#ffffff", 0.45, fade=(0.0, 0.45))
    picture = glow(picture, (0.30, 0.37), 0.55, "#ffdca8", 0.75)
    picture = disc(picture, (0.30, 0.37), 0.03, "#fff6df")
    layers = 7
    for number in range(layers):
        near = number / (layers - 1)
        line = ridge(dice, height * (0.42 + 0.40 * near), height * (0.30 - 0.20 * near), width)
        color = mixed("#d9b7a2", "#173039", near**0.75)
        foot = mixed("#f5d6b8", "#20434a", near**0.8)
        picture = layer(picture, line, color, foot)
    forest(picture, dice, ground=0.93, color="#0b1d22")
    return vignette(grain(picture, dice))


def aurora(size: Size = LANDSCAPE) -> Image.Image:
    """Northern lights over a lake, and a tent with a lamp in it."""
    width, height = size
    dice = random.Random(5)
    picture = gradient(size, ["#030714", "#07142b", "#0d2b40", "#154351"], end=0.66)
    picture = stars(picture, dice, 1400, bottom=0.6)
    for seed, top, color, foot in (
        (1, 0.36, "#6a3fb5", "#b14fa8"),
        (2, 0.46, "#1fd69a", "#49f0a0"),
        (3, 0.55, "#17b890", "#7dffb0"),
    ):
        picture = curtain(picture, random.Random(seed), top, color, foot)
    for number, color in enumerate(["#0e2733", "#081a24"]):
        line = ridge(dice, height * (0.60 + 0.03 * number), height * 0.13, width)
        picture.paste(color, mask=below(line, size))
    picture = mirrored(picture, 0.68, "#06202a", dice)
    line = ridge(dice, height * 0.90, height * 0.05, width)
    picture.paste("#040b10", mask=below(line, size))
    forest(picture, dice, ground=0.93, color="#03080c", gap=(0.62, 0.93))
    picture = glow(picture, (0.78, 0.895), 0.11, "#ff9c3d", 0.75)
    tent(picture, (0.78, 0.925), 0.085)
    return vignette(grain(picture, dice))


def dunes(size: Size = LANDSCAPE) -> Image.Image:
    """Dunes in the evening: each has a side in the light and one in the shade."""
    dice = random.Random(8)
    picture = gradient(size, ["#2f5f8f", "#7fa3b8", "#f0cfa0", "#f7b977"], end=0.5)
    picture = glow(picture, (0.80, 0.36), 0.5, "#ffd08a", 0.7)
    picture = disc(picture, (0.80, 0.36), 0.03, "#fff2d0")
    for number, (top, bright, dark) in enumerate(
        (
            (0.44, "#dca06b", "#b07a5c"),
            (0.50, "#d8925a", "#95604e"),
            (0.58, "#d3834a", "#7d4a40"),
            (0.69, "#c9733c", "#663a36"),
            (0.83, "#b9622f", "#4b2a2b"),
        )
    ):
        picture = dune(picture, dice, top, 0.05 + 0.018 * number, bright, dark)
    walker(picture, (0.162, 0.474), 0.04)
    return vignette(grain(picture, dice))


def city(size: Size = LANDSCAPE) -> Image.Image:
    """A city by night, with a full moon, and a river that shows it again."""
    dice = random.Random(4)
    picture = gradient(size, ["#070b1d", "#141c42", "#2f2b5f", "#6b3f6b"], end=0.68)
    picture = stars(picture, dice, 500, bottom=0.4)
    picture = glow(picture, (0.24, 0.20), 0.22, "#9fb4e8", 0.5)
    picture = disc(picture, (0.24, 0.20), 0.042, "#f4f0de")
    picture = lit(picture, clouds(size, dice, stretch=7), "#5b4f8f", 0.5, fade=(0.1, 0.6))
    picture = glow(picture, (0.55, 0.70), 0.55, "#ff8a5c", 0.45)
    windows = Image.new("RGB", size)
    for number, color in enumerate(["#33305c", "#1f2046", "#0f1230"]):
        towers(picture, windows, dice, color, tallest=0.46 - 0.08 * number, number=number)
    picture = ImageChops.screen(picture, windows)
    picture = ImageChops.screen(picture, halo(windows, 0.01))
    picture = mirrored(picture, 0.70, "#0d1030", dice)
    return vignette(grain(picture, dice))


def lighthouse(size: Size = PORTRAIT) -> Image.Image:
    """A lighthouse on its rock, upright; the lamp is at ``LAMP``."""
    dice = random.Random(21)
    picture = gradient(size, ["#0f1c3f", "#2c3f74", "#7d6a9c", "#e49a8c", "#ffcf9b"], end=0.74)
    picture = stars(picture, dice, 350, bottom=0.3)
    picture = lit(picture, clouds(size, dice, stretch=4), "#f0a79a", 0.55, fade=(0.15, 0.65))
    sea(picture, dice, horizon=0.74)
    picture = beam(picture, LAMP, "#ffe9b0")
    tower(picture, LAMP, foot=0.80)
    rock(picture, dice, left=0.36)
    picture = glow(picture, LAMP, 0.30, "#ffcf7a", 0.65)
    picture = glow(picture, LAMP, 0.07, "#fff6da", 1)
    return vignette(grain(picture, dice))


def with_marker(picture: Image.Image) -> Image.Image:
    """Paint the top left corner red, with an arrow that points up."""
    side = picture.width // 6
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, side, side), fill="#dc1414")
    arrow = [(0.5, 0.2), (0.78, 0.5), (0.6, 0.5), (0.6, 0.8), (0.4, 0.8), (0.4, 0.5), (0.22, 0.5)]
    draw.polygon([(x * side, y * side) for x, y in arrow], fill="white")
    return picture
