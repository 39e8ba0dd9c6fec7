"""
Measure what the worst accepted files of each format cost: an upload and two resizes.

The files are as large, or have as many parts, as the default settings accept. They are decoded in
a process of its own each, with the engine "pillow".
"""

import argparse
import io
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from PIL import Image

from benchmarks.memory import peak_memory
from benchmarks.tables import Table
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.naming.formats import INPUT_FORMATS
from django_shift_media.naming.resizes import Resize
from tests.support import many_parts as parts
from tests.support.hostile import apng_frames, avif_frames, encoded, gif, webp_frames

RESIZES = [
    Resize.parse(text) for text in ("200x200-fit-80-noupscale.jpg", "320x320-fit-80-noupscale.webp")
]


def _saved(size: tuple[int, int], format: str, *, mode: str = "RGB", **options: object) -> bytes:
    """Save grain, which is hard to decode and to encode."""
    import pillow_jxl  # noqa: F401  # which registers itself

    grain = Image.effect_noise((size[0] // 32, size[1] // 32), 60).resize(size).convert(mode)
    buffer = io.BytesIO()
    grain.save(buffer, format, **options)
    return buffer.getvalue()


# By format and by what costs.
FILES: Mapping[tuple[str, str], Callable[[], bytes]] = MappingProxyType(
    {
        ("jpg", "16000 x 16000"): lambda: _saved((16_000, 16_000), "JPEG", mode="L"),
        ("jpg", "99 scans of 4500 x 4500"): lambda: parts.jpeg_scans(99, (4_500, 4_500)),
        ("png", "10600 x 10600"): lambda: encoded((10_600, 10_600), "PNG"),
        ("png", "6500 x 6500, RGBA, 16 bits"): lambda: parts.png_of_16_bits((6_500, 6_500)),
        ("png", "2,000 frames of 178 x 178"): lambda: apng_frames((178, 178), 2_000),
        ("png", "99,000 chunks"): lambda: parts.png_chunks(99_000),
        ("webp", "8000 x 8000"): lambda: _saved((8_000, 8_000), "WEBP", method=0),
        ("webp", "2,000 frames of 178 x 178"): lambda: webp_frames((178, 178), 2_000),
        ("avif", "8000 x 8000"): lambda: _saved((8_000, 8_000), "AVIF", speed=10),
        ("avif", "64 frames of 1000 x 1000"): lambda: avif_frames((1_000, 1_000), 64),
        ("avif", "1,936 tiles"): lambda: parts.avif_of_tiles(44),
        ("gif", "11300 x 11300"): lambda: encoded((11_300, 11_300), "GIF", "L"),
        ("gif", "2,000 frames of 178 x 178"): lambda: gif(size=(178, 178), frames=2_000),
        ("gif", "990,000 blocks"): lambda: parts.gif_blocks(990_000),
        ("tiff", "10600 x 10600"): lambda: encoded(
            (10_600, 10_600), "TIFF", compression="tiff_lzw"
        ),
        ("tiff", "41,000 strips"): lambda: parts.tiff_strips(41_000),
        ("tiff", "40,000 tiles of JPEG"): lambda: parts.tiff_tiles(40_000, 7),
        ("bmp", "5500 x 5500"): lambda: encoded((5_500, 5_500), "BMP"),
        ("bmp", "run lengths, 3700 x 3700"): lambda: parts.bmp_runs((3_700, 3_700)),
        ("bmp", "5,000,000 run lengths"): lambda: parts.bmp_runs((100, 100), empty=5_000_000),
        ("heic", "961 tiles"): lambda: parts.heic_of_tiles(31),
        ("heic", "9216 x 9216, of one tile"): lambda: parts.heic_of_one_tile(9),
        ("heic", "27 layers of 2048 x 2048"): lambda: parts.heic_of_layers(27, (2_048, 2_048)),
        ("jxl", "7100 x 7100"): lambda: _saved((7_100, 7_100), "JXL", effort=3, quality=80),
        ("jxl", "3550 x 3550, lossless"): lambda: _saved((3_550, 3_550), "JXL", lossless=True),
        ("jxl", "5000 x 5000, RGBA"): lambda: _saved((5_000, 5_000), "JXL", mode="RGBA", effort=3),
        ("jxl", "2,000 frames of 16 x 16"): lambda: parts.jxl_frames(2_000),
    }
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--only", nargs="+", choices=INPUT_FORMATS, default=list(INPUT_FORMATS), metavar="FORMAT"
    )


def run(options: argparse.Namespace) -> list[Table]:
    table = Table(
        title="Worst accepted file of each format",
        columns=("format", "file", "kB", "CPU seconds", "MB"),
        notes=["CPU seconds: of an upload and two resizes, 200 pixels JPEG and 320 pixels WebP."],
    )
    for (format, what), make in FILES.items():
        if format in options.only:
            data = make()
            seconds, megabytes = _in_a_process(lambda data=data: _measure(data))
            table.rows.append(
                (format, what, f"{len(data) / 1000:,.0f}", f"{seconds:.1f}", f"{megabytes:,.0f}")
            )
    return [table]


def _measure(data: bytes) -> tuple[float, float]:
    """Return the CPU seconds, and the megabytes above what the process had before."""
    options = engine_options(formats=tuple(INPUT_FORMATS))
    before, started = peak_memory(), time.process_time()
    get_engine().verify(data, options)
    for resize in RESIZES:
        get_engine().render(data, resize, options)
    return time.process_time() - started, (peak_memory() - before) / 1e6


def _in_a_process(work: Callable[[], tuple[float, float]]) -> tuple[float, float]:
    """Run work in a fork, whose peak memory does not include that of earlier work."""
    reading, writing = os.pipe()
    if not os.fork():
        os.close(reading)
        # The peak begins here: "man 5 proc", clear_refs.
        Path("/proc/self/clear_refs").write_text("5")
        os.write(writing, " ".join(map(str, work())).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        seconds, megabytes = pipe.read().split()
    os.wait()
    return float(seconds), float(megabytes)
