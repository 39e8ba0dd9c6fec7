"""The peak memory of both engines for each format, on which the limits of pixels are based."""

import subprocess
import sys
from functools import cache
from typing import Any

import pytest
from PIL import Image

from django_shift_media.engines.decode.limits import BYTES_PER_PIXEL, BYTES_PER_PIXEL_PROGRESSIVE
from gallery.drawings import landscape
from tests.support.pictures import encoded
from tests.support.samples import heic, jpegxl
from tests.support.servers import ROOT

SIZE = (3000, 2000)
PIXELS = SIZE[0] * SIZE[1]
# Of resizes and of what a library keeps, whatever the size of the original.
SLACK = 12_000_000

_MEASURE = """
import pathlib, re, sys
from django.conf import settings
settings.configure(
    SHIFT_MEDIA_ENGINE=sys.argv[1],
    SHIFT_MEDIA_FORMATS=["jpg", "png", "webp", "avif", "gif", "tiff", "bmp", "heic", "jxl"],
)
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.naming.resizes import Resize

def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search("VmHWM:\\\\s*([0-9]+) kB", status)[1]) * 1024

small, photo = (pathlib.Path(name).read_bytes() for name in sys.argv[3:])
resize = Resize.parse(sys.argv[2])
get_engine().render(small, resize, engine_options(max_pixels=10**8))
before = peak()
get_engine().render(photo, resize, engine_options(max_pixels=10**8))
print(peak() - before)
"""


FILES: dict[str, Any] = {
    "jpg": lambda picture: encoded(picture, "JPEG", quality=90),
    "progressive": lambda picture: encoded(picture, "JPEG", quality=90, progressive=True),
    "png": lambda picture: encoded(picture, "PNG", compress_level=1),
    "gif": lambda picture: encoded(picture.quantize(256), "GIF"),
    "webp": lambda picture: encoded(picture, "WEBP", method=0),
    "avif": lambda picture: encoded(picture, "AVIF", speed=10),
    "tiff": lambda picture: encoded(picture, "TIFF"),
    "bmp": lambda picture: encoded(picture, "BMP"),
    # x265 takes half a minute for grain.
    "heic": lambda picture: heic(landscape(*picture.size, 3)),
    "jxl": lambda picture: jpegxl(picture, effort=3),
}


@cache
def grain() -> Image.Image:
    return Image.effect_noise(SIZE, 40).convert("RGB")


# What is uploaded most, and what takes most memory for a pixel.
OFTEN = {"jpg", "png", "avif"}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=() if name in OFTEN else pytest.mark.nightly) for name in FILES
    ],
)
def files(request: Any, tmp_path_factory: Any) -> tuple[str, list[str]]:
    """The name of a format; and a small file and a large one of it."""
    folder, make = tmp_path_factory.mktemp("files"), FILES[request.param]
    (folder / "small").write_bytes(make(Image.effect_noise((60, 40), 40).convert("RGB")))
    (folder / "large").write_bytes(make(grain()))
    return request.param, [str(folder / "small"), str(folder / "large")]


@pytest.mark.parametrize(
    "text",
    [
        "800x800-fit-80-noupscale.jpg",
        pytest.param("700x333-fillx33y66-80-noupscale.jpg", marks=pytest.mark.nightly),
    ],
)
@pytest.mark.parametrize("engine", ["pillow", pytest.param("vips", marks=pytest.mark.nightly)])
def test_memory_per_pixel_is_within_the_declared_limit(
    engine: str, text: str, files: tuple[str, list[str]]
) -> None:
    name, paths = files
    each = BYTES_PER_PIXEL_PROGRESSIVE if name == "progressive" else BYTES_PER_PIXEL[name]  # type: ignore[index]
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _MEASURE, engine, text, *paths],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert int(run.stdout) < each * PIXELS + SLACK
