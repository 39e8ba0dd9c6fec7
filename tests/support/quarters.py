"""
A picture of four colors that tells how it is turned and cropped, in files of each kind.

Programs of others write the files: ``avifenc`` and ``cjxl``.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from tests.support.pictures import decoded, encoded
from tests.support.requirements import missing

SIZE = (60, 40)
RED, LIME, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
_COLORS = {"red": RED, "lime": LIME, "blue": BLUE, "white": WHITE}
_PACKAGES = {"avifenc": "libavif-bin", "cjxl": "libjxl-tools", "heif-convert": "libheif-examples"}


def quarters(size: tuple[int, int] = SIZE) -> Image.Image:
    """Return the picture: red and lime above, blue and white below."""
    small = Image.new("RGB", (2, 2))
    small.putdata([RED, LIME, BLUE, WHITE])
    return small.resize(size, Image.Resampling.NEAREST)


def read_quarters(image: Image.Image) -> list[str]:
    """Return the names of the colors in the middle of each quarter, by rows."""
    picture = image.convert("RGB")
    places = [(x, y) for y in (1, 3) for x in (1, 3)]
    return [
        _nearest(picture.getpixel((x * image.width // 4, y * image.height // 4))) for x, y in places
    ]


def _nearest(color: object) -> str:
    def distance(name: str) -> int:
        return sum(abs(a - b) for a, b in zip(color, _COLORS[name], strict=True))  # type: ignore[call-overload]

    return min(_COLORS, key=distance)


def made_by(program: str, options: Sequence[str], *sources: tuple[str, bytes], name: str) -> bytes:
    """Run a program on files, and return the file that it writes."""
    if shutil.which(program) is None:
        missing(f"{program}: apt-get install {_PACKAGES[program]}")
    with tempfile.TemporaryDirectory() as folder:
        for source, data in sources:
            (Path(folder) / source).write_bytes(data)
        names = [source for source, _ in sources]
        # cjxl wants its options last, and avifenc first.
        command = [program, *options, *names, name]
        if program == "cjxl":
            command = [program, *names, name, *options]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return (Path(folder) / name).read_bytes()


def avif_frames(*options: str) -> bytes:
    """Return an AVIF with two frames, of which the second is the picture upside down."""
    frames = [("0.png", encoded(quarters())), ("1.png", encoded(quarters().rotate(180)))]
    lossless = ["--speed", "10", "--yuv", "444", "--min", "0", "--max", "0"]
    return made_by("avifenc", [*lossless, *options], *frames, name="out.avif")


def jpegxl_of(data: bytes, *options: str) -> bytes:
    """Return a JPEG XL of a JPEG, PNG or GIF."""
    suffix = (decoded(data).format or "").lower()
    return made_by("cjxl", options, (f"in.{suffix}", data), name="out.jxl")


def by_heif_convert(data: bytes) -> Image.Image:
    """Return what libheif's program makes of a HEIF file."""
    return decoded(made_by("heif-convert", [], ("in.heic", data), name="out.png"))
