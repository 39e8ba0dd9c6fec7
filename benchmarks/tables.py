"""Write the results of a measurement as reStructuredText tables and SVG charts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Chart:
    """
    A bar chart: each series has a color, and the bars of a label are grouped.

    ``unit`` labels the horizontal axis; a logarithmic scale is mentioned there.
    """

    title: str
    unit: str
    series: Mapping[str, Mapping[str, float]]
    logarithmic: bool = False

    def save(self, path: Path) -> None:
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        labels = list(dict.fromkeys(label for bars in self.series.values() for label in bars))
        height = 0.8 / len(self.series)
        figure = Figure(figsize=(8, 1.2 + len(labels) * (0.1 + 0.25 * len(self.series))))
        axes = figure.subplots()
        for number, (name, bars) in enumerate(self.series.items()):
            rows = [labels.index(label) + number * height for label in bars]
            drawn = axes.barh(rows, bars.values(), height, label=name)
            axes.bar_label(drawn, map(_short, bars.values()), padding=3)
        middle = height * (len(self.series) - 1) / 2
        axes.set_yticks([row + middle for row in range(len(labels))], labels)
        axes.invert_yaxis()
        axes.margins(x=0.15, y=0.02)
        axes.set_title(self.title)
        axes.set_xlabel(f"{self.unit}, logarithmic scale" if self.logarithmic else self.unit)
        if self.logarithmic:
            axes.set_xscale("log")
        if len(self.series) > 1:
            axes.legend()
        # Text is not converted to paths, and the output is reproducible.
        with rc_context({"svg.fonttype": "none", "svg.hashsalt": self.title}):
            figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


@dataclass(kw_only=True)
class Table:
    """
    A table with notes, and optionally a chart of the same results.

    The first cell of a row is its label. All other cells are aligned to the right.
    """

    title: str
    columns: Sequence[str]
    rows: list[Sequence[Any]] = field(default_factory=list)
    notes: Sequence[str] = ()
    chart: Chart | None = None

    def __str__(self) -> str:
        cells = [list(map(str, row)) for row in (self.columns, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        rule = " ".join("=" * width for width in widths)
        lines = [" ".join(_aligned(row, widths)).rstrip() for row in cells]
        table = [rule, lines[0], rule, *lines[1:], rule]
        notes = [line for note in self.notes for line in ("", f"- {note}")]
        return "\n".join([self.title, "-" * len(self.title), "", *table, *notes, ""])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    yield row[0].ljust(widths[0])
    for cell, width in zip(row[1:], widths[1:], strict=True):
        yield cell.rjust(width)


def report(name: str, tables: Sequence[Table], folder: Path) -> None:
    """Print the tables, and write them and their charts to a folder, prefixed with ``name``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join(map(str, tables))
    (folder / f"{name}.rst").write_text(text)
    print(text)
    charts = {
        folder / f"{name}-{number}.svg": table
        for number, table in enumerate(tables, start=1)
        if table.chart
    }
    if charts and not find_spec("matplotlib"):
        print("No charts, because matplotlib is not installed: pip install matplotlib")
        return
    for path, table in charts.items():
        assert table.chart
        table.chart.save(path)
    print("Written:", folder / f"{name}.rst", *charts)
