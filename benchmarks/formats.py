"""
Encode photos in each output format, and compare bytes, time and looks.

An encoding is a format, which may be followed by a quality, or by "lossless": jxl, jxl:85,
webp:lossless. Each photo is scaled to each width first, which is not measured. The score is
SSIMULACRA2 against the scaled photo, 100 if there is no difference. All figures are means over the
photos; CPU time is the shortest of three encodings.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from PIL import Image

from benchmarks.photographs import Photo, drawn, given, provide
from benchmarks.tables import Table
from django_shift_media.engines.encode.writers import EncoderInput, encode
from django_shift_media.naming.resizes import Resize

_REPEATS = 3
_ENCODINGS = (
    *("jpg", "webp", "avif", "jxl"),
    *("png", "webp:lossless", "jxl:lossless"),
)


class Encoded(NamedTuple):
    """``bits`` are per pixel, ``cpu`` is in milliseconds."""

    bits: float
    cpu: float
    score: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--photos", type=Path, help="folder with photos (default: a drawn one)")
    parser.add_argument(
        "--widths", nargs="+", type=int, default=[400], help="in pixels (default: 400)"
    )
    parser.add_argument(
        "--encodings",
        nargs="+",
        default=_ENCODINGS,
        metavar="ENCODING",
        help=f"(default: {' '.join(_ENCODINGS)})",
    )


def run(options: argparse.Namespace) -> list[Table]:
    if not find_spec("ssimulacra2"):
        raise SystemExit("ssimulacra2 is not installed: pip install -r benchmarks/requirements.txt")
    folder = options.output / "photographs"
    photos = given(options.photos, folder) if options.photos else [drawn(folder, "png", 12)]
    if not options.photos:
        provide(photos)
    return [_table(photos, width, options.encodings) for width in options.widths]


def _table(photos: Sequence[Photo], width: int, encodings: Sequence[str]) -> Table:
    images = [_scaled(photo, width) for photo in photos]
    table = Table(
        title=f"{len(images)} photos, {width} pixels wide",
        columns=["encoding", "quality", "score", "bits per pixel", "CPU ms"],
    )
    for encoding in encodings:
        resize = _resize(encoding, width)
        results = [_encode(image, resize) for image in images]
        bits, cpu, score = (fmean(values) for values in zip(*results, strict=True))
        quality = "lossless" if encoding in {"png", f"{resize.format}:lossless"} else resize.quality
        table.rows.append(
            [resize.format, quality, f"{score:.1f}", f"{bits:.2f}", f"{cpu:.1f}"],
        )
    return table


def _scaled(photo: Photo, width: int) -> Image.Image:
    with Image.open(photo.path) as image:
        height = round(image.height * width / image.width)
        return image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)


def _resize(encoding: str, width: int) -> Resize:
    format, _, quality = encoding.partition(":")
    options: dict[str, Any] = {"lossless": True} if quality == "lossless" else {}
    if quality.isdecimal():
        options = {"quality": int(quality)}
    return Resize(width=width, height=None, format=format, **options)  # type: ignore[arg-type]


def _encode(image: Image.Image, resize: Resize) -> Encoded:
    cpu = min(_times(image, resize))
    data = encode(EncoderInput([image]), resize)
    bits = 8 * len(data) / (image.width * image.height)
    return Encoded(bits, 1000 * cpu, _score(image, data))


def _times(image: Image.Image, resize: Resize) -> Iterator[float]:
    for _ in range(_REPEATS):
        used = time.process_time()
        encode(EncoderInput([image]), resize)
        yield time.process_time() - used


def _score(image: Image.Image, data: bytes) -> float:
    from ssimulacra2 import compute_ssimulacra2

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("original.png", "encoded.png")]
        image.save(paths[0])
        with Image.open(io.BytesIO(data)) as encoded:
            encoded.convert("RGB").save(paths[1])
        return float(compute_ssimulacra2(*map(str, paths)))
