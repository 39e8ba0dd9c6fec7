"""What the demo uploads."""

import io
from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from demo.drawing.animation import waves
from demo.drawing.scenes import aurora, city, dunes, harbor, lighthouse, mountains, with_marker
from gallery.drawings import exif

SIDEWAYS = "Held on its side"


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
