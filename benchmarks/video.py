"""
Measure what renditions cost a worker: the time of a processor, memory, bytes and SSIM.

Videos are made by ffmpeg's own sources: "calm" is a slow zoom, "noisy" has grain in each frame.
SSIM compares a rendition with the original at the size of the rendition.
"""

import argparse
import os
import re
import subprocess
import tempfile
from pathlib import Path

from benchmarks.tables import Table
from django_shift_media.naming.renditions import Rendition
from django_shift_media.video.commands import Source, rendition_arguments, rendition_size
from django_shift_media.video.probe import read_facts

SOURCES = {
    "calm": "mandelbrot=size=1920x1080:rate=30:end_scale=0.3",
    "noisy": "testsrc2=size=1920x1080:rate=30,noise=alls=20:allf=t",
}
RENDITIONS = {
    "360p, H.264": Rendition(height=360),
    "720p, H.264": Rendition(height=720),
    "720p, VP9": Rendition(height=720, codec="vp9"),
    "720p, AV1": Rendition(height=720, codec="av1"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", type=int, default=6, help="duration of each video (default: 6)"
    )


def run(options: argparse.Namespace) -> list[Table]:
    table = Table(
        title="Renditions of 1080p videos on one processor",
        columns=["rendition", "times real time", "MB of memory", "kbit/s", "SSIM"],
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, pictures in SOURCES.items():
            source = _source(Path(folder, f"{name}.mp4"), pictures, options.seconds)
            for label, rendition in RENDITIONS.items():
                measured = _measure(source, rendition, options.seconds, folder)
                table.rows.append([f"{name}, {label}", *measured])
    return [table]


def _source(path: Path, pictures: str, seconds: int) -> Source:
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", pictures, "-t", str(seconds),
         "-pix_fmt", "yuv420p", "-crf", "14", "-preset", "veryfast", path], check=True,
    )  # fmt: skip
    with path.open("rb") as file:
        return Source(path=str(path), facts=read_facts(file), fps=30, duration=seconds)


def _measure(source: Source, rendition: Rendition, seconds: int, folder: str) -> list[str]:
    target = Path(folder, f"made.{rendition.extension}")
    process = subprocess.Popen(
        rendition_arguments(source, rendition, str(target)), stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, rendition
    spent = usage.ru_utime + usage.ru_stime
    return [
        f"{spent / seconds:.1f}",
        f"{usage.ru_maxrss / 1000:.0f}",
        f"{target.stat().st_size * 8 / 1000 / seconds:,.0f}",
        _similarity(source, rendition, target),
    ]


def _similarity(source: Source, rendition: Rendition, target: Path) -> str:
    width, height = rendition_size(source.facts.size, rendition.height)
    filters = f"[1:v]scale={width}:{height}[original];[0:v][original]ssim"
    found = subprocess.run(
        ["ffmpeg", "-nostdin", "-i", target, "-i", source.path, "-lavfi", filters,
         "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    [score] = re.findall(r"SSIM .*All:([0-9.]+)", found.stderr)
    return f"{float(score):.3f}"
