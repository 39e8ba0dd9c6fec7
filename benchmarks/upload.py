"""
Measure what an upload with a placeholder decodes: in one go, and in two.

"separately" verifies the file, and then renders the picture of which the placeholder is made. Both
ways take turns. CPU time is the least of the rounds.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.test import override_settings

from benchmarks.photographs import drawn, provide
from benchmarks.tables import Table
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.naming.placeholder import THUMBNAIL_SIDE
from django_shift_media.naming.resizes import Resize

_PREVIEW = Resize(width=THUMBNAIL_SIDE, height=THUMBNAIL_SIDE, format="png")
_KINDS = ("jpg", "png", "png-alpha", "webp", "avif")


def _verify(data: bytes) -> None:
    get_engine().verify(data, engine_options())


def _separately(data: bytes) -> None:
    _verify(data)
    get_engine().render(data, _PREVIEW, engine_options())


def _once(data: bytes) -> None:
    get_engine().verify_with_preview(data, _PREVIEW, engine_options())


WAYS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {"verified only": _verify, "separately": _separately, "at once": _once}
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=7, help="rounds (default: %(default)s)")
    parser.add_argument("--megapixels", type=float, default=12, help="(default: %(default)s)")
    parser.add_argument("--kinds", nargs="+", choices=_KINDS, default=_KINDS, metavar="KIND")


def run(options: argparse.Namespace) -> list[Table]:
    folder = options.output / "photographs"
    photos = [drawn(folder, kind, options.megapixels) for kind in options.kinds]
    provide(photos)
    table = Table(
        title="Decoding an upload with a placeholder",
        columns=("file", "engine", *(f"{way}, CPU ms" for way in WAYS), "ratio"),
        notes=["ratio: at once, relative to separately."],
    )
    for photo in photos:
        for engine in ("pillow", "auto"):
            with override_settings(SHIFT_MEDIA_ENGINE=engine):
                table.rows.append((str(photo), engine, *_row(photo.path.read_bytes(), options)))
    return [table]


def _row(data: bytes, options: argparse.Namespace) -> list[str]:
    least = dict.fromkeys(WAYS, float("inf"))
    for _ in range(options.rounds):
        for way, work in WAYS.items():
            least[way] = min(least[way], _seconds(work, data))
    ratio = least["at once"] / least["separately"]
    times = (f"{1000 * seconds:,.1f}" for seconds in least.values())
    return [*times, f"{ratio:.2f}"]


def _seconds(work: Callable[[bytes], None], data: bytes) -> float:
    started = time.process_time()
    work(data)
    return time.process_time() - started
