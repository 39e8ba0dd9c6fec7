"""Photos of mountains at a lake, for those who have not been there."""

import random
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from demo.drawing.land import below, ridge

Colors = tuple[str, str, str]

# Name: the seed, the sky from top to horizon, the nearest ridge, the sun from the left and the top.
PLACES: dict[str, tuple[int, Colors, str, tuple[float, float]]] = {
    "night": (23, ("#060b1f", "#14264d", "#3d5f86"), "#05080f", (0.36, 0.20)),
    "noon": (12, ("#1f66b0", "#6fb0e3", "#e2f1f8"), "#17422f", (0.82, 0.12)),
    "morning": (4, ("#3f6fa8", "#a9c6de", "#fbe3c4"), "#1d3a34", (0.26, 0.36)),
    "evening": (7, ("#2b2d5b", "#b5567a", "#ffc27a"), "#1d1730", (0.70, 0.40)),
}
SHORE = 0.72  # of the height


def write_photos(folder: Path, width: int = 2400, height: int = 1600) -> list[Path]:
    """Write a JPEG of each place into a folder."""
    folder.mkdir(exist_ok=True)
    for name in PLACES:
        picture = landscape(name, width, height)
        picture.save(folder / f"{name}.jpg", quality=88)
    return [folder / f"{name}.jpg" for name in PLACES]


def landscape(name: str, width: int, height: int) -> Image.Image:
    seed, sky, near, (left, top) = PLACES[name]
    dice = random.Random(seed)
    picture = gradient(sky, width, height)
    picture = shine(picture, (round(left * width), round(top * height)), sky[2])
    for number in range(5):
        distance = 1 - number / 4  # the farthest first
        line = ridge(dice, (0.50 + 0.045 * number) * height, (0.20 - 0.03 * number) * height, width)
        hills, haze = (Image.new("RGB", picture.size, color) for color in (near, sky[2]))
        layer = Image.blend(hills, haze, 0.8 * distance**1.3)
        picture.paste(layer, mask=below(line, picture.size))
    return grained(mirrored(picture, sky[1]))


def gradient(colors: Colors, width: int, height: int) -> Image.Image:
    scale = Image.linear_gradient("L").resize((1, round(0.62 * height)))
    column = Image.new("L", (1, height), 255)
    column.paste(scale)
    return ImageOps.colorize(column, *colors[::2], mid=colors[1]).resize((width, height))


def shine(picture: Image.Image, center: tuple[int, int], tint: str) -> Image.Image:
    """Put the sun where it is to be, and its light around it."""
    radius = picture.height // 26
    for size, strength in ((16 * radius, 0.45), (5 * radius, 0.5)):
        glow = ImageOps.invert(Image.radial_gradient("L")).resize((2 * size, 2 * size))
        # A radial gradient is 75 in the middle of its sides.
        glow = glow.point([round(max(0, value - 75) * strength * 1.4) for value in range(256)])
        light = Image.new("L", picture.size)
        light.paste(glow, (center[0] - size, center[1] - size))
        picture = ImageChops.screen(picture, ImageOps.colorize(light, "black", tint))
    disc = Image.new("L", picture.size)
    ImageDraw.Draw(disc).circle(center, radius, fill=255)
    disc = disc.filter(ImageFilter.BoxBlur(3))
    picture.paste(Image.new("RGB", picture.size, "#fffaeb"), mask=disc)
    return picture


def mirrored(picture: Image.Image, tint: str) -> Image.Image:
    """Replace what is under the shore by water, which shows what is above it."""
    shore = round(SHORE * picture.height)
    depth = picture.height - shore
    water = ImageOps.flip(picture.crop((0, shore - 2 * depth, picture.width, shore)))
    water = water.resize((picture.width, depth)).filter(ImageFilter.BoxBlur((14, 3)))
    water = Image.blend(water, Image.new("RGB", water.size, tint), 0.22)
    picture.paste(water, (0, shore))
    return picture


def grained(picture: Image.Image) -> Image.Image:
    return ImageChops.overlay(picture, Image.effect_noise(picture.size, 9).convert("RGB"))
