"""Skies, lights and the look of a photograph."""

import random
from math import pi, sin

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from demo.drawing.colors import Point, Size, channels, pixels


def gradient(size: Size, colors: list[str], end: float = 1) -> Image.Image:
    """Run through the colors from the top to ``end``, where the last one goes on."""
    column = Image.new("RGB", (1, len(colors)))
    column.putdata([channels(color) for color in colors])
    picture = Image.new("RGB", size, colors[-1])
    picture.paste(column.resize((size[0], round(end * size[1])), Image.Resampling.BICUBIC))
    return picture


def glow(
    picture: Image.Image, at: Point, radius: float, color: str, strength: float
) -> Image.Image:
    """Add light around a point; the radius is a part of the longer side."""
    reach = round(radius * max(picture.size))
    # A radial gradient is 180 in the middle of its sides.
    values = [round(255 * strength * max(0, 1 - value / 180) ** 2.2) for value in range(256)]
    light = Image.radial_gradient("L").point(values).resize((2 * reach, 2 * reach))
    whole = Image.new("L", picture.size)
    left, top = pixels(at, picture.size)
    whole.paste(light, (round(left) - reach, round(top) - reach))
    return ImageChops.screen(picture, ImageOps.colorize(whole, "black", color))


def disc(picture: Image.Image, at: Point, radius: float, color: str) -> Image.Image:
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).circle(pixels(at, picture.size), radius * picture.height, fill=255)
    picture.paste(color, mask=mask.filter(ImageFilter.GaussianBlur(2)))
    return picture


def noise(size: Size, dice: random.Random) -> Image.Image:
    return Image.frombytes("L", size, dice.randbytes(size[0] * size[1]))


def clouds(size: Size, dice: random.Random, stretch: float) -> Image.Image:
    """Return fractal noise, ``stretch`` times as wide as it is high."""
    small = (size[0] // 4, size[1] // 4)
    total = Image.new("L", small)
    for octave in range(6):
        cells = 2 ** (octave + 1)
        shape = (max(2, round(cells * 3 / stretch)) + 2, cells * 2 + 2)
        layer = noise(shape, dice).resize(small, Image.Resampling.BICUBIC)
        total = ImageChops.add(total, layer.point([value >> (octave + 1) for value in range(256)]))
    lifted = total.point([min(255, max(0, round((value - 120) * 2.6))) for value in range(256)])
    return lifted.resize(size, Image.Resampling.BICUBIC)


def lit(
    picture: Image.Image, mask: Image.Image, color: str, strength: float, fade: Point
) -> Image.Image:
    """Lay a color over the picture where the mask is, and less towards the ends of a band."""
    top, bottom = fade
    column = Image.new("L", (1, 64))
    column.putdata(
        [round(255 * strength * bump((row / 63 - top) / (bottom - top))) for row in range(64)]
    )
    band = column.resize(picture.size, Image.Resampling.BICUBIC)
    picture.paste(color, mask=ImageChops.multiply(mask, band))
    return picture


def halo(lights: Image.Image, radius: float) -> Image.Image:
    """Return the light that lamps throw into the air around them."""
    small = lights.reduce(4).filter(ImageFilter.GaussianBlur(radius * lights.width / 4))
    return small.point([min(255, 3 * value) for value in range(256)] * 3).resize(lights.size)


def stars(picture: Image.Image, dice: random.Random, number: int, bottom: float) -> Image.Image:
    light = Image.new("L", picture.size)
    draw = ImageDraw.Draw(light)
    for _ in range(number):
        at = (dice.random(), bottom * dice.random() ** 1.3)
        brightness = round(255 * (1 - at[1] / bottom) * dice.uniform(0.25, 1))
        draw.circle(pixels(at, picture.size), dice.choice([1, 1, 1.5, 2.4]), fill=brightness)
    light = light.filter(ImageFilter.GaussianBlur(0.8))
    return ImageChops.screen(picture, ImageOps.colorize(light, "black", "#e8f0ff"))


def curtain(
    picture: Image.Image, dice: random.Random, bottom: float, color: str, foot: str
) -> Image.Image:
    """Hang an aurora: rays that are bright at their feet, along a line that winds."""
    width, height = picture.width // 4, picture.height // 4
    light, edge = Image.new("L", (width, height)), Image.new("L", (width, height))
    ray = Image.new("L", (1, 64))
    ray.putdata([round(255 * (row / 63) ** 2.4) for row in range(64)])
    phases = [dice.uniform(0, 2 * pi) for _ in range(5)]
    rays = noise((width // 3, 1), dice).resize((width, 1), Image.Resampling.BICUBIC)
    for x in range(width):
        t = x / width
        bend = sin(3.1 * t * pi + phases[0]) + 0.45 * sin(7.3 * t * pi + phases[1])
        power = 0.5 + 0.5 * sin(2.3 * t * pi + phases[2])
        power *= 0.55 + 0.45 * rays.getpixel((x, 0)) / 255
        length = round(height * (0.22 + 0.14 * sin(4.1 * t * pi + phases[3])))
        y = round(height * (bottom + 0.07 * bend))
        strip = ray.resize((1, max(2, length))).point([round(v * power * 0.85) for v in range(256)])
        light.paste(strip, (x, y - length))
        edge.paste(round(200 * power), (x, y - max(2, length // 7), x + 1, y))
    for glowing, tint, blur in ((light, color, 3), (edge, foot, 7)):
        soft = glowing.filter(ImageFilter.GaussianBlur(blur)).resize(picture.size)
        picture = ImageChops.screen(picture, ImageOps.colorize(soft, "black", tint))
    return picture


def beam(picture: Image.Image, lamp: Point, color: str) -> Image.Image:
    width, height = picture.size
    x, y = pixels(lamp, picture.size)
    light = Image.new("L", picture.size)
    draw = ImageDraw.Draw(light)
    for step in range(24):  # thin and bright in the middle, and fainter farther out
        spread = (0.14 - 0.005 * step) * height
        draw.polygon(
            [(x, y), (-10, y - 0.06 * height - spread), (-10, y - 0.06 * height + spread)],
            fill=5 + 3 * step,
        )
        draw.polygon(
            [
                (x, y),
                (width + 10, y + 0.03 * height - spread / 3),
                (width + 10, y + 0.03 * height + spread / 3),
            ],
            fill=5 + 3 * step,
        )
    away = Image.linear_gradient("L").rotate(90).resize(picture.size)
    light = ImageChops.multiply(
        light, away.point([100 + value * 155 // 255 for value in range(256)])
    )
    light = light.filter(ImageFilter.GaussianBlur(10))
    return ImageChops.screen(picture, ImageOps.colorize(light, "black", color))


def grain(picture: Image.Image, dice: random.Random) -> Image.Image:
    """Add what a sensor adds; it keeps gradients from showing steps, too."""
    film = noise(picture.size, dice).point([128 + (value - 128) // 18 for value in range(256)])
    return ImageChops.overlay(picture, film.convert("RGB"))


def vignette(picture: Image.Image) -> Image.Image:
    values = [255 - round(90 * max(0, value / 255 - 0.35) ** 1.6) for value in range(256)]
    shade = Image.radial_gradient("L").point(values).resize(picture.size)
    return ImageChops.multiply(picture, shade.convert("RGB"))


def bump(t: float) -> float:
    """0 at 0 and at 1, 1 between."""
    return max(0.0, 4 * t * (1 - t)) ** 0.7 if 0 < t < 1 else 0.0
