"""What the conformance tests of image engines share: pictures to render and to look at."""

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms

from django_shift_media.engines.contract import ImageEngine
from django_shift_media.engines.options import EngineOptions
from django_shift_media.naming.resizes import Resize
from django_shift_media.testing.conformance_helpers import require

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
SIZE = (80, 60)
_MOST = 40  # levels, of 255, that a lossy encoder may change a plain color by
_ORIENTATION, COPYRIGHT = 0x0112, 0x8298  # tags of EXIF


class EngineConformanceHelpers:
    """Render pictures with ``engine``."""

    engine: ImageEngine

    def _render(self, data: bytes, resize: Resize, **options: Any) -> Image.Image:
        return _opened(self.engine.render(data, resize, options_with(**options)))

    def _render_quarters(self, **resize: Any) -> Image.Image:
        return self._render(encoded(quarters()), Resize(**{"format": "png", **resize}))


def options_with(**options: Any) -> EngineOptions:
    return EngineOptions(**{"max_pixels": 1_000_000, **options})


def quarters(size: tuple[int, int] = SIZE) -> Image.Image:
    """Return a picture that is red and green at the top, and blue and white at the bottom."""
    image = Image.new("RGB", (2, 2))
    for index, color in enumerate((RED, GREEN, BLUE, WHITE)):
        image.putpixel((index % 2, index // 2), color)
    return image.resize(size, Image.Resampling.NEAREST)


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def turned() -> bytes:
    """Return a JPEG that is stored lying, and upright by its EXIF orientation."""
    exif = Image.Exif()
    exif[_ORIENTATION] = 6  # to be turned by 90 degrees to the right
    return encoded(quarters().rotate(90, expand=True), "JPEG", exif=exif)


def animation(colors: list[tuple[int, int, int]], durations: list[int]) -> bytes:
    first, *others = [Image.new("RGB", SIZE, color) for color in colors]
    return encoded(first, "GIF", save_all=True, append_images=others, duration=durations, loop=0)


def half_transparent() -> bytes:
    """Return a blue picture whose left half is transparent."""
    image = Image.new("RGBA", SIZE, (*BLUE, 255))
    image.paste((0, 0, 0, 0), (0, 0, SIZE[0] // 2, SIZE[1]))
    return encoded(image)


def huge() -> bytes:
    """Return the beginning of a PNG whose header declares 900 million pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(100))
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, pixels, b"IEND")
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def swapped_profile() -> bytes:
    """Return a color profile that is that of sRGB with red and green exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"?").replace(b"gXYZ", b"rXYZ").replace(b"?", b"gXYZ")


def require_color(
    image: Image.Image, place: tuple[int, int], color: tuple[int, ...], message: str
) -> None:
    """Require that a pixel has a color, about; ``color`` has four numbers with transparency."""
    pixel: Any = image.convert("RGBA").getpixel(place)
    difference = max(abs(a - b) for a, b in zip(pixel, color, strict=False))
    require(difference <= _MOST, "{}: the pixel {} is {}, not {}", message, place, pixel, color)


def require_quarters(image: Image.Image) -> None:
    """Require that the corners of an image are those of ``quarters()``."""
    right, bottom = image.width - 2, image.height - 2
    for place, color in (
        ((1, 1), RED),
        ((right, 1), GREEN),
        ((1, bottom), BLUE),
        ((right, bottom), WHITE),
    ):
        require_color(image, place, color, "the image is not the one that was rendered")


def _opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image
