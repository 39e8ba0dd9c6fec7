"""
Draw photos to resize, in all formats, once, and keep them in a folder.

They follow the dead leaves model: discs that occlude each other, with radii distributed so that
each scale has the same number of edges. See Lee, Mumford and Huang, "Occlusion Models for Natural
Images", 2001. Texture and sensor grain are added. A JPEG of 12 megapixels then has about a third of
a byte per pixel, like a camera's.
"""

import io
import random
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter

FRAMES = 100
_LEAVES = 5_000
_TILE = 1000  # pixels; the grain repeats, at a distance that no codec exploits
_ANIMATED = (480, 360)
_KEPT_SEGMENTS = (0xE0, 0xEE)  # of JFIF and Adobe: they define the color space
_SCAN = 0xDA


class Photo(NamedTuple):
    """A file to resize. ``kind`` is one of ``KINDS``, or the extension of a given file."""

    kind: str
    megapixels: float
    path: Path
    name: str

    def __str__(self) -> str:
        return self.name


class _Kind(NamedTuple):
    extension: str
    options: dict[str, Any]


KINDS: MappingProxyType[str, _Kind] = MappingProxyType(
    {
        "jpg": _Kind("jpg", {"quality": 96}),
        "progressive": _Kind("jpg", {"quality": 96, "progressive": True}),
        "png": _Kind("png", {"compress_level": 3}),
        "png-alpha": _Kind("png", {"compress_level": 3}),
        "webp": _Kind("webp", {"quality": 90, "method": 2}),
        "avif": _Kind("avif", {"quality": 80, "speed": 9}),
        "gif": _Kind("gif", {}),
        "animation": _Kind("gif", {"duration": 50, "loop": 0, "save_all": True}),
    }
)


def drawn(folder: Path, kind: str, megapixels: float) -> Photo:
    """Return a photo with an aspect ratio of 4:3, whose file need not exist yet."""
    name = f"{kind} {megapixels:g}"
    path = folder / f"{name.replace(' ', '-')}.{KINDS[kind].extension}"
    return Photo(kind, megapixels, path, name)


def provide(photos: Iterable[Photo]) -> None:
    """Draw the photos whose files do not exist."""
    for photo in photos:
        if not photo.path.exists():
            photo.path.parent.mkdir(parents=True, exist_ok=True)
            draft = photo.path.with_suffix(".draft")
            draft.write_bytes(_encoded(photo.kind, photo.megapixels))
            draft.replace(photo.path)
    _draw.cache_clear()


def _encoded(kind: str, megapixels: float) -> bytes:
    side = round((megapixels * 1e6 / 12) ** 0.5)
    image = _draw(4 * side, 3 * side)
    options = KINDS[kind].options
    if kind == "png-alpha":
        image = image.copy()
        image.putalpha(Image.radial_gradient("L").resize(image.size))
    if kind == "animation":
        image, *others = _frames(image)
        options = {**options, "append_images": others}
    buffer = io.BytesIO()
    image.save(buffer, Image.registered_extensions()[f".{KINDS[kind].extension}"], **options)
    return buffer.getvalue()


def _frames(image: Image.Image) -> Sequence[Image.Image]:
    """Return the frames of an animation: a window that moves over the image."""
    width, height = _ANIMATED
    wide = image.resize((2 * width, 2 * height))
    corners = [(n * width // FRAMES, n * height // FRAMES) for n in range(FRAMES)]
    return [
        wide.crop((left, top, left + width, top + height)).quantize(256) for left, top in corners
    ]


@lru_cache(maxsize=1)
def _draw(width: int, height: int) -> Image.Image:
    from numpy.random import default_rng

    numbers = default_rng(0)
    image = _leaves(width, height)
    for scale in (2, 4, 8, 16, 32, 64):
        small = _noise(numbers, width // scale + 1, height // scale + 1, strength=0.4 * scale**0.5)
        image = _added(image, small.resize(image.size, Image.Resampling.BICUBIC))
    image = image.filter(ImageFilter.GaussianBlur(0.9))
    grain = Image.new("RGB", image.size)
    tile = _noise(numbers, _TILE, _TILE, strength=4)
    for left in range(0, width, _TILE):
        for top in range(0, height, _TILE):
            grain.paste(tile, (left, top))
    return _added(image, grain)


def _leaves(width: int, height: int) -> Image.Image:
    dice = random.Random(0)
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    least, most = height / 1000, height / 3
    for _ in range(_LEAVES):
        # The density of radius r is proportional to r ** -3.
        radius = (least**-2 + dice.random() * (most**-2 - least**-2)) ** -0.5
        x, y = dice.uniform(0, width), dice.uniform(0, height)
        light = dice.triangular(20, 235, 110)
        color = tuple(min(max(round(light + dice.gauss(0, 18)), 0), 255) for _ in range(3))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    return image


def _noise(numbers: Any, width: int, height: int, strength: float) -> Image.Image:
    noise = numbers.normal(128, strength, (height, width, 3))
    return Image.fromarray(noise.round().clip(0, 255).astype("uint8"))


def _added(image: Image.Image, noise: Image.Image) -> Image.Image:
    return ImageChops.add(image, noise, offset=-128)


def given(source: Path, folder: Path) -> list[Photo]:
    """Return the photos of a folder: all files with an extension that Pillow or HEIC uses."""
    endings = {*Image.registered_extensions(), ".heic", ".heif"}
    paths = [path for path in sorted(source.iterdir()) if path.suffix.lower() in endings]
    return [_plain(path, folder) for path in paths]


def _plain(path: Path, folder: Path) -> Photo:
    """Copy a JPEG without its profile and orientation, which the other libraries would ignore."""
    name, data = path.name, path.read_bytes()
    if data.startswith(b"\xff\xd8"):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"given-{name}"
        path.write_bytes(_without_metadata(data))
    return Photo(path.suffix[1:].lower(), 0, path, name)


def _without_metadata(data: bytes) -> bytes:
    """Remove comments and application segments: ISO/IEC 10918-1, B.1.1.3."""
    kept, at = [data[:2]], 2
    while (marker := data[at + 1]) != _SCAN:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _KEPT_SEGMENTS or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(data[at:end])
        at = end
    return b"".join([*kept, data[at:]])
