"""Define the resizes and photos that engines are measured with."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.candidates import DECODE, NAIVE, OURS, SORL, TUNED, VIPS
from benchmarks.photographs import KINDS, Photo, drawn
from django_shift_media.naming.formats import OUTPUT_FORMATS
from django_shift_media.naming.resizes import How, ImageFormat, Resize

# In megapixels. Larger photos are only JPEGs: cameras and phones write little else.
_LARGEST = 50
# Pillow and libvips have no JPEG XL by themselves; "python -m benchmarks formats" measures it.
_FORMATS = [format for format in OUTPUT_FORMATS if format in KINDS]


class Case(NamedTuple):
    """A resize of a photo that fits inside a square, or fills it."""

    photo: Photo
    side: int
    how: How
    format: ImageFormat

    def __str__(self) -> str:
        return f"{self.photo.name} to {self.side} {self.how} {self.format}"

    @property
    def resize(self) -> Resize:
        return Resize(width=self.side, height=self.side, how=self.how, format=self.format)

    @property
    def is_of_jpeg(self) -> bool:
        return self.photo.path.suffix in {".jpg", ".jpeg"}

    def candidates(self) -> list[str]:
        names = [*OURS, TUNED, VIPS, NAIVE]
        if self.is_of_jpeg:
            names.append(DECODE)
        if (self.photo.kind, self.format) == ("animation", "gif"):
            names.append(SORL)
        return names


def cases(folder: Path, sizes: Sequence[float], photos: Sequence[Photo]) -> Iterator[Case]:
    """Yield each case once. Sizes are in megapixels; most cases use the first."""
    first, *larger = sizes
    found = [*_of_first(folder, first), *_of_larger(folder, larger)]
    for photo in photos:
        found += _usual(photo)
    yield from dict.fromkeys(found)


def _usual(photo: Photo) -> Iterator[Case]:
    yield Case(photo, 200, "fill", "jpg")
    yield Case(photo, 800, "fit", "jpg")
    yield Case(photo, 1600, "fit", "jpg")


def _of_first(folder: Path, megapixels: float) -> Iterator[Case]:
    for kind in ("jpg", "progressive"):
        yield from _usual(drawn(folder, kind, megapixels))
    for kind in _FORMATS:
        for format in _FORMATS:
            yield Case(drawn(folder, kind, megapixels), 800, "fit", format)
    for kind in ("png", "png-alpha", "webp", "avif"):
        format = "png" if kind == "png-alpha" else kind
        yield Case(drawn(folder, kind, megapixels), 200, "fill", format)
    yield Case(drawn(folder, "png-alpha", megapixels), 800, "fit", "png")
    for format in ("gif", "webp"):
        yield Case(drawn(folder, "animation", megapixels), 200, "fit", format)


def _of_larger(folder: Path, sizes: Sequence[float]) -> Iterator[Case]:
    for megapixels in sizes:
        kinds = ["jpg", "progressive"] if megapixels <= _LARGEST else ["jpg"]
        for kind in kinds:
            photo = drawn(folder, kind, megapixels)
            yield Case(photo, 200, "fill", "jpg")
            yield Case(photo, 1600, "fit", "jpg")
        if megapixels <= _LARGEST:
            yield Case(drawn(folder, "png", megapixels), 200, "fill", "png")
            yield Case(drawn(folder, "png-alpha", megapixels), 200, "fill", "png")
