"""A boat, a tent and somebody who walks."""

from PIL import Image, ImageDraw, ImageFilter

from demo.drawing.colors import Point, pixels
from demo.drawing.light import glow, gradient


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
        ropes = [
            ((0.1, -0.3), (0.1, -2.9), thick),
            ((0.1, -0.62), (-0.9, -0.56), thick),
            ((0.1, -2.9), (1.13, -0.34), 2),
            ((0.1, -2.9), (-0.98, -0.26), 2),
        ]
        for (ax, ay), (bx, by), wide in ropes if way == 1 else ropes[:1]:
            ends = (x + ax * unit, y + way * ay * unit, x + bx * unit, y + way * by * unit)
            draw.line(ends, fill=fill, width=wide)
    mask = mask.filter(ImageFilter.GaussianBlur(1.2))
    picture.paste("#150f26", mask=mask)
    lamp = (at[0] + 0.005 * scale, at[1] - 2.9 * unit / picture.height)
    picture.paste(glow(picture, lamp, 0.02 * scale, "#ffd9a0", 0.9))


def tent(picture: Image.Image, at: Point, wide: float) -> None:
    x, y = pixels(at, picture.size)
    half, tall = wide * picture.width / 2, wide * picture.width * 0.52
    cloth = gradient((round(2 * half), round(tall)), ["#ff7a2a", "#ffb84d", "#ffe39a"])
    mask = Image.new("L", cloth.size)
    outline = [
        (0, tall),
        (0.42 * half, 0.28 * tall),
        (half, 0),
        (1.58 * half, 0.28 * tall),
        (2 * half, tall),
    ]
    ImageDraw.Draw(mask).polygon(outline, fill=255)
    draw = ImageDraw.Draw(cloth)
    draw.line([(half, 0), (0.72 * half, tall)], fill="#b4501a", width=4)
    draw.line([(half, 0), (1.34 * half, tall)], fill="#b4501a", width=4)
    draw.polygon([(half, 0.14 * tall), (0.90 * half, tall), (1.16 * half, tall)], fill="#fff2c4")
    picture.paste(
        cloth, (round(x - half), round(y - tall)), mask.filter(ImageFilter.GaussianBlur(1))
    )


def walker(picture: Image.Image, at: Point, tall: float) -> None:
    x, y = pixels(at, picture.size)
    unit = tall * picture.height
    draw = ImageDraw.Draw(picture)
    ink = "#2a1718"
    draw.ellipse((x - 0.1 * unit, y - unit, x + 0.1 * unit, y - 0.8 * unit), fill=ink)
    draw.polygon(
        [
            (x - 0.15 * unit, y - 0.78 * unit),
            (x + 0.15 * unit, y - 0.78 * unit),
            (x + 0.13 * unit, y - 0.35 * unit),
            (x - 0.13 * unit, y - 0.35 * unit),
        ],
        fill=ink,
    )
    draw.line((x - 0.06 * unit, y - 0.4 * unit, x - 0.16 * unit, y), fill=ink, width=5)
    draw.line((x + 0.06 * unit, y - 0.4 * unit, x + 0.14 * unit, y), fill=ink, width=5)
