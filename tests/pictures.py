"""Pictures for the tests of engines, and how to look at what an engine has made of them."""

import io
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from shutil import which
from typing import Any

import pyvips
from PIL import Image, ImageCms

from django_shift_media.engines.engine import Engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.naming.resizes import Resize
from tests.conftest import missing

ENOUGH = 200_000_000
ALL_FORMATS = ("jpg", "png", "webp", "avif", "gif", "tiff", "bmp", "heic", "jxl")
_ICC = Path("/usr/share/color/icc")
# Red, green and blue in XYZ, adapted to D50: ITU-R BT.2020 and SMPTE EG 432-1.
PRIMARIES = {
    "rec2020": ((0.6735, 0.2790, -0.0019), (0.1657, 0.6753, 0.0300), (0.1251, 0.0456, 0.7971)),
    "p3": ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)),
}
_FILES = {
    "adobe": ("colord/AdobeRGB1998.icc", "colord-data"),
    "prophoto": ("colord/ProPhotoRGB.icc", "colord-data"),
    "wide": ("colord/WideGamutRGB.icc", "colord-data"),
    "swapped": ("colord/SwappedRedAndGreen.icc", "colord-data"),
    "gray": ("ghostscript/default_gray.icc", "libgs-common"),
    "gray-l": ("Gray-CIE_L.icc", "icc-profiles-free"),
    "cmyk": ("ghostscript/default_cmyk.icc", "libgs-common"),
}


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def rendered(engine: Engine, data: bytes, text: str, max_pixels: int = ENOUGH) -> Image.Image:
    return decoded(engine.render(data, Resize.parse(text), engine_options(max_pixels=max_pixels)))


def distance(one: Image.Image, other: Image.Image) -> float:
    """Return how far two pictures are apart on white, of 255, by libvips."""
    flat = []
    for image in (one, other):
        ground = Image.new("RGBA", image.size, "white")
        data = Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB").tobytes()
        flat.append(pyvips.Image.new_from_memory(data, *image.size, 3, "uchar"))
    return float((flat[0] - flat[1]).abs().avg())


def delta_e(one: Image.Image, other: Image.Image) -> float:
    """Return the mean CIEDE2000 of two pictures on gray, by libvips."""
    lab = []
    for picture in (one, other):
        ground = Image.new("RGBA", picture.size, "gray")
        flat = Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")
        image = pyvips.Image.new_from_memory(flat.tobytes(), *flat.size, 3, "uchar")
        lab.append(image.copy(interpretation="srgb").colourspace("lab"))
    mean: float = lab[0].dE00(lab[1]).avg()
    return mean


# -- color profiles ------------------------------------------------------------------------------


def profile(name: str) -> bytes:
    """Return a profile: one that a package installs, or sRGB with other primaries."""
    if name in PRIMARIES:
        return _with_primaries(PRIMARIES[name])
    path, package = _FILES[name]
    if not (_ICC / path).exists():
        missing(f"apt-get install {package}")
    return (_ICC / path).read_bytes()


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _with_primaries(primaries: Sequence[Sequence[float]]) -> bytes:
    """Write other numbers into an sRGB profile: ICC.1:2022, 7.3 and 10.31."""
    data = bytearray(srgb())
    tags = range(132, 132 + 12 * int.from_bytes(data[128:132], "big"), 12)
    places = {bytes(data[at : at + 4]): int.from_bytes(data[at + 4 : at + 8], "big") for at in tags}
    for tag, color in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
        numbers = (round(part * 65536) for part in color)
        struct.pack_into(">3i", data, places[tag] + 8, *numbers)
    return bytes(data)


def in_srgb(colors: Sequence[Sequence[int]], source: bytes, folder: Path) -> Any:
    """Ask Little CMS's own program what colors of a profile are in sRGB."""
    if not which("transicc"):
        missing("apt-get install liblcms2-utils")
    path = folder / "source.icc"
    path.write_bytes(source)
    scale = 100 / 255 if len(colors[0]) == 4 else 1  # inks are in per cent
    lines = "\n".join(" ".join(f"{part * scale:.4f}" for part in color) for color in colors)
    answer = subprocess.run(
        ["transicc", "-n", "-t1", "-b", f"-i{path}", "-o*sRGB"],
        input=lines.replace(" ", "\n") + "\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    rows = [line.split() for line in answer.stdout.splitlines() if line.strip()]
    # What lies outside of sRGB is cut off, as in a picture.
    return [tuple(min(max(round(float(part)), 0), 255) for part in row[:3]) for row in rows]
