"""
What one resize costs: our engines beside Pillow and libvips, each set as well as it can be.

Each candidate makes each resize in processes of its own, all in turn; the first renders of each are
not counted. Time is that of all processors. Ratios are those within a round, and of these, as of
all figures, the median counts. Memory is what a process had at most, over what it had as it had
made a small picture.
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
    "All make the same format with the same quality and sampling of colors; Pillow and pyvips do"
    " nothing else: no limits, no profiles, no check that the file is whole.",
    "× best: of Pillow and pyvips, as tuned.",
    "SSIM: in gray, with a Lanczos of all pixels of the original that is not encoded. libvips crops"
    " whole pixels of the result, and so moves the picture by up to a half.",
    "SSIM under: less than that of naive Pillow, which scales all pixels.",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="cases with it in the name")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm", type=int, default=1, help="renders that are not counted")
    parser.add_argument("--renders", type=int, default=5, help="those that are, in each round")
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=float,
        default=[12, 24, 48, 100],
        help="megapixels; the first is that of most cases",
    )
    parser.add_argument("--photos", type=Path, help="a folder of a camera's photos, to be added")


def run(options: argparse.Namespace) -> list[Table]:
    if not find_spec("scipy"):
        raise SystemExit("pip install -r benchmarks/requirements.txt")
    folder = options.output / "photographs"
    photos = given(options.photos, folder) if options.photos else []
    chosen = [case for case in cases(folder, options.sizes, photos) if _is_chosen(case, options)]
    if not chosen:
        raise SystemExit("No case has such a name.")
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
    """Return a photo that is decoded by the same code, in no time."""
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
            print(f"Left out: {name}, {comparison.case} ({last})")
            comparison.leave_out(name)
            continue
        comparison.found[name].add(made, result.read_bytes())
        if name == OURS[0]:  # the others do as we do
            fine = is_fine(result.read_bytes())


def _make(making: Making) -> Made:
    """Have a fresh process do it."""
    output = subprocess.run(
        [sys.executable, "-m", "benchmarks.making"],
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
                _cell(comparison.likenesses.get(name), ".4f"),
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
        columns=("", "at most", *OURS, "met by"),
        rows=[row for comparison in comparisons for row in _targets(comparison)],
        notes=NOTES,
        chart=Chart(
            title="CPU of a resize",
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
