"""Photographs for those who have none at hand: drawn at full size, with a camera's metadata."""

import io
import random

from PIL import ExifTags, Image, ImageDraw, ImageFilter

# What a camera does to an upright picture, for each orientation that it notes in EXIF.
_HELD = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def draw_photo(
    width, height, *, seed=0, orientation=1, format="JPEG", mode="RGB", **options
) -> bytes:
    """
    Return a file of an upright ``width`` by ``height`` landscape, red in its top left corner.

    It carries its EXIF orientation, a camera's name and a place.
    """
    picture = landscape(width, height, seed).convert(mode)
    if orientation in _HELD:
        picture = picture.transpose(_HELD[orientation])
    buffer = io.BytesIO()
    picture.save(buffer, format, exif=exif(orientation), **options)
    return buffer.getvalue()


def landscape(width, height, seed) -> Image.Image:
    dice = random.Random(seed)
    sky, ground = (
        tuple(dice.randrange(low, low + 100) for low in lows)
        for lows in ((60, 120, 150), (30, 60, 20))
    )
    picture = Image.composite(
        Image.new("RGB", (width, height), sky),
        Image.new("RGB", (width, height), "white"),
        Image.linear_gradient("L").resize((width, height)),
    )
    draw = ImageDraw.Draw(picture)
    x, y, radius = dice.uniform(0.4, 0.8) * width, 0.25 * height, 0.08 * min(width, height)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 236, 160))
    for row in range(4):
        line, shade = 0.45 + 0.12 * row, 1 - 0.2 * row
        points = [
            (step / 12 * width, (line + dice.uniform(-0.06, 0.06)) * height) for step in range(13)
        ]
        color = tuple(round(part * shade) for part in ground)
        draw.polygon([(0, height), *points, (width, height)], fill=color)
    grain = Image.effect_noise((width // 4 + 1, height // 4 + 1), 60).resize((width, height))
    picture = Image.blend(picture, grain.filter(ImageFilter.BLUR).convert("RGB"), 0.12)
    ImageDraw.Draw(picture).rectangle((0, 0, width // 4, height // 4), fill=(220, 20, 20))
    return picture


def exif(orientation) -> Image.Exif:
    data = Image.Exif()
    data[ExifTags.Base.Orientation] = orientation
    data[ExifTags.Base.Make] = "Camera Works"
    data[ExifTags.Base.Artist] = "Somebody"
    place = data.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (48.0, 51.0, 29.6)
    place[ExifTags.GPS.GPSLongitudeRef] = "E"
    place[ExifTags.GPS.GPSLongitude] = (2.0, 17.0, 40.2)
    return data
