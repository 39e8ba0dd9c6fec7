"""
How many files of others look as in Chromium, by format.

The files are those of ``tests.suites``, of Go's sources, and of the tests. Stills, and the first
frames of animations, are compared at full size. Two pictures are alike if 99 of 100 pixels are at
most ``MOST`` of 255 levels apart.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from django_shift_media.engines.decode.sniff import sniff_format
from django_shift_media.engines.pillow import engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.exceptions import UnacceptableFile
from tests.suites import pictures
from tests.support.chromium_pictures import ChromiumPictures
from tests.support.levels import LevelDifference, level_difference
from tests.support.pictures import rendered

MOST = 3
FORMATS = ("jpg", "png", "webp", "avif", "gif", "bmp")  # that Chromium shows as well
_TESTS = Path(__file__).parents[1]
_MAX_BYTES, _MAX_PIXELS = 5_000_000, 5_000_000  # what passes through Playwright in some seconds


class Result(NamedTuple):
    """What comes of a file: how far apart the pictures are, or who shows it alone."""

    name: str
    format: str
    apart: LevelDifference | None
    is_shown: bool
    is_made: bool

    @property
    def is_alike(self) -> bool:
        return self.apart is not None and self.apart.percentile_99 <= MOST


def files() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each file in a format of ``FORMATS``."""
    folders = {
        **{package: pictures(package) for package in ("pillow", "pillow-heif")},
        "go": _paths(*Path("/usr/share").glob("go-*/src/image")),
        "tests": _paths(_TESTS / "cases", _TESTS / "frozen" / "originals"),
    }
    for folder, paths in folders.items():
        for name, path in paths.items():
            data = path.read_bytes()
            if len(data) <= _MAX_BYTES and sniff_format(data[:1000]) in FORMATS:
                yield f"{folder}/{name}", data


def _paths(*folders: Path) -> dict[str, Path]:
    paths = (path for folder in sorted(folders) for path in sorted(folder.rglob("*.*")))
    return {path.name: path for path in paths if path.is_file()}


def results(chromium: ChromiumPictures) -> list[Result]:
    found = []
    for name, data in files():
        made = _made(data)
        (shown,) = chromium.stills([data])
        is_shown = isinstance(shown, Image.Image)
        apart = None
        if made and isinstance(shown, Image.Image):
            is_same_size = made.size == shown.size
            apart = level_difference(made, shown) if is_same_size else LevelDifference(255, 255)
        format = str(sniff_format(data[:1000]))
        found.append(Result(name, format, apart, is_shown, made is not None))
    return found


def _made(data: bytes) -> Image.Image | None:
    """Return the resize at full size, None if the file is refused."""
    try:
        size = engine.verify(data, engine_options(max_pixels=_MAX_PIXELS)).size
        return rendered(engine, data, f"{size[0]}x{size[1]}-fit-90-noupscale.png", _MAX_PIXELS)
    except UnacceptableFile:
        return None


def table(found: list[Result]) -> str:
    """Return lines of files by format: how many, shown by both, alike, and shown by one alone."""
    rows = [("format", "files", "both show", "alike", "only Chromium", "only we")]
    for format in FORMATS:
        of_format = [result for result in found if result.format == format]
        columns = (
            of_format,
            [result for result in of_format if result.apart],
            [result for result in of_format if result.is_alike],
            [result for result in of_format if result.is_shown and not result.is_made],
            [result for result in of_format if result.is_made and not result.is_shown],
        )
        rows.append((format, *(str(len(column)) for column in columns)))
    return "\n".join("".join(f"{cell:>14}" for cell in row) for row in rows)
