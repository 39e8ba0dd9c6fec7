"""Pictures for the demo, drawn with Pillow: the same ones each time, in a second or so each."""

import io
import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from math import cos, exp, pi, sin
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from gallery.drawings import exif

Size = tuple[int, int]
Point = tuple[float, float]  # 0 to 1, from the left and from the top

LANDSCAPE, PORTRAIT = (2400, 1600), (1600, 2400)
SIDEWAYS = "Held on its side"
LAMP: Point = (0.70, 0.24)


# -- scenes ---------------------------------------------------------------------------------------


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
        line = ridge(dice, width, height * (0.53 + 0.02 * number), height * 0.12)
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
        line = ridge(dice, width, height * (0.42 + 0.40 * near), height * (0.30 - 0.20 * near))
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
        line = ridge(dice, width, height * (0.60 + 0.03 * number), height * 0.13)
        picture.paste(color, mask=below(line, size))
    picture = mirrored(picture, 0.68, "#06202a", dice)
    line = ridge(dice, width, height * 0.90, height * 0.05)
    picture.paste("#040b10", mask=below(line, size))
    forest(picture, dice, ground=0.93, color="#03080c", gap=(0.62, 0.93))
    picture = glow(picture, (0.78, 0.895), 0.11, "#ff9c3d", 0.75)
    tent(picture, (0.78, 0.925), 0.085)
    return vignette(grain(picture, dice))


def dunes(size: Size = LANDSCAPE) -> Image.Image:
    """Dunes in the evening: each has a side in the light and one in the shade."""
    width, height = size
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
    width, height = size
    dice = random.Random(21)
    picture = gradient(size, ["#0f1c3f", "#2c3f74", "#7d6a9c", "#e49a8c", "#ffcf9b"], end=0.74)
    picture = stars(picture, dice, 350, bottom=0.3)
    picture = lit(picture, clouds(size, dice, stretch=4), "#f0a79a", 0.55, fade=(0.15, 0.65))
    sea(picture, dice, horizon=0.74)
    picture = beam(picture, LAMP, "#ffe9b0")
    tower(picture, LAMP, foot=0.80)
    rock(picture, dice, left=0.42)
    picture = glow(picture, LAMP, 0.30, "#ffcf7a", 0.65)
    picture = glow(picture, LAMP, 0.07, "#fff6da", 1)
    return vignette(grain(picture, dice))


def waves(size: Size = (720, 480), frames: int = 24) -> list[Image.Image]:
    """A boat on a sea that moves; the last frame leads to the first again."""
    width, height = size
    sky = gradient((2 * width, 2 * height), ["#f7a072", "#f9c58d", "#fbe3b0"], end=0.62)
    ImageDraw.Draw(sky).circle((1.42 * width, 0.86 * height), 0.24 * height, fill="#fff4d6")
    return [_wave(sky, turn / frames).resize(size, Image.Resampling.LANCZOS) for turn in range(frames)]


def with_marker(picture: Image.Image) -> Image.Image:
    """Paint the top left corner red, with an arrow that points up."""
    side = picture.width // 6
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, side, side), fill="#dc1414")
    arrow = [(0.5, 0.2), (0.78, 0.5), (0.6, 0.5), (0.6, 0.8), (0.4, 0.8), (0.4, 0.5), (0.22, 0.5)]
    draw.polygon([(x * side, y * side) for x, y in arrow], fill="white")
    return picture


# -- files ----------------------------------------------------------------------------------------


class Drawn(NamedTuple):
    """A file to upload, and what an editor says of it."""

    name: str
    title: str
    draw: Callable[[], bytes]
    focal_point: str = ""


def jpeg(picture: Image.Image, orientation: int = 1) -> bytes:
    """Return the file of a camera, with a place, held as its EXIF orientation says (1 or 6)."""
    if orientation == 6:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90, exif=exif(orientation))
    return buffer.getvalue()


def gif(frames: list[Image.Image]) -> bytes:
    buffer = io.BytesIO()
    palette = frames[0].quantize(128, dither=Image.Dither.NONE)
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    flat[0].save(buffer, "GIF", save_all=True, append_images=flat[1:], duration=70, loop=0)
    return buffer.getvalue()


STILLS = [
    Drawn("Harbor at dusk.jpg", "Harbor at dusk", lambda: jpeg(harbor()), "66,52"),
    Drawn("Leuchtturm Größe XL.jpeg", "The lighthouse", lambda: jpeg(lighthouse()), "70,24"),
    Drawn("city.jpg", "City by night", lambda: jpeg(city())),
    Drawn("IMG_0006.JPG", SIDEWAYS, lambda: jpeg(with_marker(mountains()), orientation=6)),
    Drawn("aurora.jpg", "Northern lights", lambda: jpeg(aurora()), "78,88"),
    Drawn("dunes.jpg", "Dunes in the evening", lambda: jpeg(dunes()), "16,46"),
]
ANIMATION = Drawn("sea.gif", "A boat at sea", lambda: gif(waves()))


# -- light and air --------------------------------------------------------------------------------


def gradient(size: Size, colors: list[str], end: float = 1) -> Image.Image:
    """Run through the colors from the top to ``end``, where the last one goes on."""
    column = Image.new("RGB", (1, len(colors)))
    column.putdata([channels(color) for color in colors])
    picture = Image.new("RGB", size, colors[-1])
    picture.paste(column.resize((size[0], round(end * size[1])), Image.Resampling.BICUBIC))
    return picture


def glow(picture: Image.Image, at: Point, radius: float, color: str, strength: float) -> Image.Image:
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
    """Lay a color over the picture where the mask is, and less of it towards both ends of a band."""
    top, bottom = fade
    column = Image.new("L", (1, 64))
    column.putdata([
        round(255 * strength * bump((row / 63 - top) / (bottom - top))) for row in range(64)
    ])
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
        draw.polygon([(x, y), (-10, y - 0.06 * height - spread), (-10, y - 0.06 * height + spread)],
                     fill=5 + 3 * step)
        draw.polygon([(x, y), (width + 10, y + 0.03 * height - spread / 3),
                      (width + 10, y + 0.03 * height + spread / 3)], fill=5 + 3 * step)
    away = Image.linear_gradient("L").rotate(90).resize(picture.size)
    light = ImageChops.multiply(light, away.point([100 + value * 155 // 255 for value in range(256)]))
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


# -- land and water -------------------------------------------------------------------------------


def ridge(dice: random.Random, width: int, middle: float, rough: float) -> list[float]:
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


def dune(
    picture: Image.Image, dice: random.Random, top: float, rise: float, bright: str, dark: str
) -> Image.Image:
    width, height = picture.size
    phase, second = dice.uniform(0, 2 * pi), dice.uniform(0, 2 * pi)
    waves = dice.uniform(1.0, 1.9)

    def crest(t: float) -> float:
        wave = sin(waves * 2 * pi * t + phase)
        return top - rise * (abs(wave) ** 0.8 * (1 if wave > 0 else -1) + 0.35 * sin(5 * t + second))

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
                line[left] + (line[right] - line[left]) * s + 2.6 * height * rise * sin(pi * s) ** 1.3,
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


# -- things ---------------------------------------------------------------------------------------


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
                    lamps.rectangle((column, y, column + 7, y + 12), fill=dice.choice(_LAMPS))
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


_LAMPS = ["#ffc46b", "#ffb255", "#ffe0a3", "#e08a48"]


def boat(picture: Image.Image, at: Point, scale: float) -> None:
    """A sailing boat with its sails down, and its shape in the water."""
    x, y = pixels(at, picture.size)
    unit = scale * picture.width / 20
    mask = Image.new("L", picture.size)
    draw = ImageDraw.Draw(mask)
    for way, fill in ((1, 255), (-0.8, 90)):
        hull = [(-1, -0.26), (1.15, -0.34), (0.85, 0.06), (-0.85, 0.06)]
        draw.polygon([(x + dx * unit, y + way * dy * unit) for dx, dy in hull], fill=fill)
        cabin = [(-0.45, -0.28), (-0.35, -0.5), (0.3, -0.5), (0.42, -0.3)]
        draw.polygon([(x + dx * unit, y + way * dy * unit) for dx, dy in cabin], fill=fill)
        thick = max(2, round(0.035 * unit))
        ropes = [((0.1, -0.3), (0.1, -2.9), thick), ((0.1, -0.62), (-0.9, -0.56), thick),
                 ((0.1, -2.9), (1.13, -0.34), 2), ((0.1, -2.9), (-0.98, -0.26), 2)]
        for (ax, ay), (bx, by), wide in ropes if way == 1 else ropes[:1]:
            ends = (x + ax * unit, y + way * ay * unit, x + bx * unit, y + way * by * unit)
            draw.line(ends, fill=fill, width=wide)
    mask = mask.filter(ImageFilter.GaussianBlur(1.2))
    picture.paste("#150f26", mask=mask)
    lamp = (at[0] + 0.005 * scale, at[1] - 2.9 * unit / picture.height)
    picture.paste(glow(picture, lamp, 0.02 * scale, "#ffd9a0", 0.9))


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
            draw.rectangle((left + (right - left) // 3, top - 40, right - (right - left) // 3, top), fill=color)
            draw.line((left + (right - left) // 2, top - 110, left + (right - left) // 2, top), fill=color, width=5)
        shade = (0.35, 0.62, 0.9)[number]
        density = dice.uniform(0.12, 0.5)
        lamp = mixed("#000000", dice.choice([*_LAMPS, "#cfe0ff"]), shade)
        for row in range(top + step, bottom - step // 2, round(step * 1.5)):
            for column in range(left + step // 2, right - step // 2, step):
                if dice.random() < density:
                    lamps.rectangle((column, row, column + step // 2 - 1, row + step // 2 + 2), fill=lamp)
        x += wide * dice.uniform(0.75, 1.15)


def tent(picture: Image.Image, at: Point, wide: float) -> None:
    x, y = pixels(at, picture.size)
    half, tall = wide * picture.width / 2, wide * picture.width * 0.52
    cloth = gradient((round(2 * half), round(tall)), ["#ff7a2a", "#ffb84d", "#ffe39a"])
    mask = Image.new("L", cloth.size)
    outline = [(0, tall), (0.42 * half, 0.28 * tall), (half, 0), (1.58 * half, 0.28 * tall), (2 * half, tall)]
    ImageDraw.Draw(mask).polygon(outline, fill=255)
    draw = ImageDraw.Draw(cloth)
    draw.line([(half, 0), (0.72 * half, tall)], fill="#b4501a", width=4)
    draw.line([(half, 0), (1.34 * half, tall)], fill="#b4501a", width=4)
    draw.polygon([(half, 0.14 * tall), (0.90 * half, tall), (1.16 * half, tall)], fill="#fff2c4")
    picture.paste(cloth, (round(x - half), round(y - tall)), mask.filter(ImageFilter.GaussianBlur(1)))


def walker(picture: Image.Image, at: Point, tall: float) -> None:
    x, y = pixels(at, picture.size)
    unit = tall * picture.height
    draw = ImageDraw.Draw(picture)
    ink = "#2a1718"
    draw.ellipse((x - 0.1 * unit, y - unit, x + 0.1 * unit, y - 0.8 * unit), fill=ink)
    draw.polygon([(x - 0.15 * unit, y - 0.78 * unit), (x + 0.15 * unit, y - 0.78 * unit),
                  (x + 0.13 * unit, y - 0.35 * unit), (x - 0.13 * unit, y - 0.35 * unit)], fill=ink)
    draw.line((x - 0.06 * unit, y - 0.4 * unit, x - 0.16 * unit, y), fill=ink, width=5)
    draw.line((x + 0.06 * unit, y - 0.4 * unit, x + 0.14 * unit, y), fill=ink, width=5)


def rock(picture: Image.Image, dice: random.Random, left: float) -> None:
    width, height = picture.size
    for number, color in enumerate(["#2c2a4a", "#1a1b36", "#0d1026"]):
        rise = [max(0, (x / width - left - 0.05 * number) / 0.28) for x in range(width)]
        jags = ridge(dice, width, 0, 0.035 * height)
        line = [
            height * (0.96 + 0.02 * number) - min(1, r) ** 0.7 * height * (0.17 - 0.035 * number) + jag
            for r, jag in zip(rise, jags, strict=True)
        ]
        picture.paste(color, mask=below(line, picture.size))


def tower(picture: Image.Image, lamp: Point, foot: float) -> None:
    """The lighthouse: white with red bands, lit from the left."""
    x, y = pixels(lamp, picture.size)
    bottom, unit = foot * picture.height, picture.width * 0.052
    top = y + 0.9 * unit
    column = Image.new("RGB", picture.size, "#e9e2e4")
    draw = ImageDraw.Draw(column)
    for band in range(1, 6, 2):
        draw.rectangle((0, top + (bottom - top) * band / 6, picture.width,
                        top + (bottom - top) * (band + 1) / 6), fill="#a8323a")
    dark = Image.linear_gradient("L").rotate(90).resize((round(3.4 * unit), 8))
    shade = Image.new("L", (picture.width, 8), 255)
    shade.paste(ImageOps.invert(dark) if dark.getpixel((0, 0)) > 128 else dark, (round(x - 1.7 * unit), 0))
    shade = shade.resize(picture.size).point([round(210 * value / 255) for value in range(256)])
    column.paste("#1d1c3c", mask=shade)
    mask = Image.new("L", picture.size)
    shape = ImageDraw.Draw(mask)
    shape.polygon([(x - 0.95 * unit, top), (x + 0.95 * unit, top), (x + 1.6 * unit, bottom + 60), (x - 1.6 * unit, bottom + 60)], fill=255)
    picture.paste(column, mask=mask.filter(ImageFilter.GaussianBlur(1.2)))
    draw = ImageDraw.Draw(picture)
    for number in range(2):  # two windows, on different sides of the stairs
        wy = top + (bottom - top) * (0.30 + 0.33 * number)
        wx = x - 0.2 * unit + 0.3 * unit * number
        draw.rounded_rectangle((wx, wy, wx + 0.26 * unit, wy + 0.5 * unit), 6, fill="#ffd48a")
    draw.rectangle((x - 1.35 * unit, top - 0.12 * unit, x + 1.35 * unit, top + 0.14 * unit), fill="#17182f")
    for post in range(-6, 7):
        px = x + post * 0.21 * unit
        draw.line((px, top - 0.55 * unit, px, top), fill="#17182f", width=3)
    draw.line((x - 1.35 * unit, top - 0.55 * unit, x + 1.35 * unit, top - 0.55 * unit), fill="#17182f", width=5)
    draw.rectangle((x - 0.62 * unit, y - 0.62 * unit, x + 0.62 * unit, top), fill="#ffedbd")
    for post in (-0.62, -0.2, 0.2, 0.62):
        draw.line((x + post * unit, y - 0.62 * unit, x + post * unit, top), fill="#17182f", width=5)
    draw.pieslice((x - 0.8 * unit, y - 1.3 * unit, x + 0.8 * unit, y + 0.1 * unit), 180, 360, fill="#7c2530")
    draw.line((x, y - 1.9 * unit, x, y - 1.2 * unit), fill="#17182f", width=6)


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
        draw.polygon([(0, height), *[(x, swell(x / width)) for x in range(0, width + 8, 8)],
                      (width, height)], fill=color)
    return picture


def _swell(number: int, turn: float, level: float, height: int) -> Callable[[float], float]:
    crests, way = 1.5 + 0.5 * (3 - number), 1 if number % 2 else -1
    rise = (0.012 + 0.007 * number) * height
    phase = 2 * pi * (way * turn + 0.3 * number)

    def swell(t: float) -> float:
        return level * height + rise * (sin(2 * pi * crests * t + phase) + 0.4 * cos(4 * pi * crests * t - phase))

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


# -- numbers --------------------------------------------------------------------------------------


def pixels(at: Point, size: Size) -> Point:
    return at[0] * size[0], at[1] * size[1]


def channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def mixed(first: str, second: str, part: float) -> str:
    both = zip(channels(first), channels(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in both)


def bump(t: float) -> float:
    """0 at 0 and at 1, 1 between."""
    return max(0.0, 4 * t * (1 - t)) ** 0.7 if 0 < t < 1 else 0.0
