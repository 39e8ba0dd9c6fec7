"""
Measure one resize: our engines, compared with Pillow and libvips, tuned as well as we can.

The candidates take turns. Each generates each resize in a new process, whose first renders are not
counted. CPU time is the sum over all processors. Ratios are calculated within each round. All
figures are medians. Memory is the peak of the process, less its peak after the render of a small
image.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from tqdm import tqdm

from benchmarks.candidates import DECODE, OURS, TUNED, VIPS, engine_of, is_fine
from benchmarks.cases import Case, cases
from benchmarks.comparisons import Comparison
from benchmarks.orders import Made, Making
from benchmarks.photographs import KINDS, Photo, drawn, given, provide
from benchmarks.tables import Chart, Table
from benchmarks.targets import targets

_SMALL = 0.01  # megapixels
_SMALL_KINDS = {"animation": "gif"}
NOTES = (
    "All candidates write the same format, with the same quality and chroma subsampling. Pillow and"
    " pyvips do nothing else: they check no limits, convert no color profiles and do not detect"
    " truncated files.",
    "× best: relative to the faster of Pillow and pyvips, both tuned.",
    "SSIM: similarity in grayscale to a Lanczos resize of all pixels of the original, before"
    " encoding. libvips crops at whole pixels of the result, which shifts the image by up to half"
    " a pixel.",
    "SSIM under: how much lower it is than with naive Pillow, which resizes all pixels.",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--only", nargs="+", metavar="TEXT", help="only measure cases whose name contains a TEXT"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: %(default)s)")
    parser.add_argument(
        "--warm",
        type=int,
        default=1,
        help="first renders of a process, which are not counted (default: %(default)s)",
    )
    parser.add_argument(
        "--renders",
        type=int,
        default=5,
        help="counted renders in each round (default: %(default)s)",
    )
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=float,
        default=[12, 24, 48, 100],
        help="sizes in megapixels; most cases use the first (default: 12 24 48 100)",
    )
    parser.add_argument("--photos", type=Path, help="folder with photos to measure in addition")


def run(options: argparse.Namespace) -> list[Table]:
    if not find_spec("scipy"):
        raise SystemExit("scipy is not installed: pip install -r benchmarks/requirements.txt")
    folder = options.output / "photographs"
    photos = given(options.photos, folder) if options.photos else []
    chosen = [case for case in cases(folder, options.sizes, photos) if _is_chosen(case, options)]
    if not chosen:
        raise SystemExit(
            f"No case matches --only {options.only}. Names are like 'jpg 12 to 800 fit jpg'."
        )
    comparisons = measure(chosen, options)
    return [*map(_table, comparisons), _summary(comparisons)]


def _is_chosen(case: Case, options: argparse.Namespace) -> bool:
    return not options.only or any(text in str(case) for text in options.only)


def measure(chosen: Sequence[Case], options: argparse.Namespace) -> list[Comparison]:
    comparisons = [Comparison(case, case.candidates()) for case in chosen]
    provide(photo for case in chosen for photo in (case.photo, _small(case)))
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for comparison in tqdm(comparisons, disable=None):
                _take_turns(comparison, options, Path(folder) / "result")
    return comparisons


def _small(case: Case) -> Photo:
    """Return a tiny photo that the same code decodes."""
    kind = _SMALL_KINDS.get(case.photo.kind, case.photo.kind)
    return drawn(case.photo.path.parent, kind if kind in KINDS else "jpg", _SMALL)


def _take_turns(comparison: Comparison, options: argparse.Namespace, result: Path) -> None:
    fine = False
    for name in comparison.candidates:
        making = Making(
            candidate=name,
            photo=str(comparison.case.photo.path),
            small=str(_small(comparison.case).path),
            resize=str(comparison.case.resize),
            fine=fine,
            warm=options.warm,
            renders=options.renders,
            result=str(result),
        )
        try:
            made = _make(making)
        except subprocess.CalledProcessError as error:
            last = error.stderr.rstrip().rpartition("\n")[2]
            print(f"Skipped: {name}, {comparison.case} ({last})")
            comparison.leave_out(name)
            continue
        comparison.found[name].add(made, result.read_bytes())
        if name == OURS[0]:  # the others use the same chroma subsampling
            fine = is_fine(result.read_bytes())


def _make(making: Making) -> Made:
    """Generate the resize in a new process."""
    output = subprocess.run(
        [sys.executable, "-m", "benchmarks.encoding"],
        check=True,
        input=json.dumps(making),
        capture_output=True,
        text=True,
    ).stdout
    return Made(*json.loads(output))


def _table(comparison: Comparison) -> Table:
    rows = []
    for name, found in comparison.found.items():
        times = (f"{1000 * median(seconds):,.1f}" for seconds in (found.cpu, found.wall))
        ratios = ((DECODE,), (VIPS,), (TUNED, VIPS))
        rows.append(
            (
                name,
                *times,
                *(_cell(comparison.ratio(name, *others), ".2f") for others in ratios),
                _cell(comparison.megabytes(name), ".1f"),
                f"{len(found.result):,}",
                _cell(comparison.similarities.get(name), ".4f"),
            )
        )
    return Table(
        title=str(comparison.case),
        columns=(
            *("", "CPU ms", "wall ms", "× decode", "× pyvips", "× best"),
            *("MB", "bytes", "SSIM"),
        ),
        rows=rows,
    )


def _cell(figure: float | None, format: str) -> str:
    return "-" if figure is None else f"{figure:{format}}"


def _summary(comparisons: Sequence[Comparison]) -> Table:
    return Table(
        title="Targets",
        columns=("", "maximum", *OURS, "met by"),
        rows=[row for comparison in comparisons for row in _targets(comparison)],
        notes=NOTES,
        chart=Chart(
            title="CPU time of a resize",
            unit="ms",
            series=_bars(comparisons),
            logarithmic=True,
        ),
    )


def _targets(comparison: Comparison) -> Iterator[Sequence[str]]:
    for target in targets(comparison.case):
        figures = {name: target.figure(comparison, name) for name in OURS}
        met = [
            engine_of(name)
            for name, figure in figures.items()
            if figure is not None and figure <= target.most
        ]
        cells = (_cell(figure, target.format) for figure in figures.values())
        label = f"{comparison.case}, {target.what}"
        yield label, f"{target.most:g}", *cells, ", ".join(met) or "none"


def _bars(comparisons: Sequence[Comparison]) -> dict[str, dict[str, float]]:
    bars: dict[str, dict[str, float]] = {}
    for comparison in comparisons:
        for name, found in comparison.found.items():
            bars.setdefault(name, {})[str(comparison.case)] = 1000 * median(found.cpu)
    return bars
