"""Define the maximum cost of our engines."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.candidates import DECODE, TUNED, VIPS
from benchmarks.cases import Case
from benchmarks.comparisons import Comparison


class Target(NamedTuple):
    """The maximum of one figure of our engines."""

    what: str
    most: float
    figure: Callable[[Comparison, str], float | None]
    format: str = ".2f"


# By width of the resize, from a JPEG of 12 megapixels to a JPEG: CPU time / time of its decoding.
_MOST_OF_DECODE = {200: 1.3, 800: 1.6, 1600: 2.3}
_MOST_OF_OTHERS = 1.1
# By width of the resize, from any JPEG to a JPEG: megabytes.
_MOST_MEMORY = {200: 10, 1600: 50}
# How much lower the SSIM may be than that of a resize of all pixels.
_MOST_UNLIKE_JPEG, _MOST_UNLIKE_PNG = 0.008, 0.003


def targets(case: Case) -> Iterator[Target]:
    from_baseline = case.photo.kind == "jpg" and case.format == "jpg"
    if from_baseline and case.photo.megapixels <= 12 and case.side in _MOST_OF_DECODE:
        yield Target("CPU × decode", _MOST_OF_DECODE[case.side], _ratio_to(DECODE))
        yield Target("CPU × pyvips", _MOST_OF_OTHERS, _ratio_to(VIPS))
    yield Target("CPU × best", _MOST_OF_OTHERS, _ratio_to(TUNED, VIPS))
    if case.is_of_jpeg:
        yield Target("SSIM under", _MOST_UNLIKE_JPEG, Comparison.under, ".4f")
    elif case.photo.path.suffix == ".png" and case.format == "png":
        yield Target("SSIM under", _MOST_UNLIKE_PNG, Comparison.under, ".4f")
    if from_baseline and case.side in _MOST_MEMORY:
        yield Target("MB", _MOST_MEMORY[case.side], Comparison.megabytes, ".1f")


def _ratio_to(*others: str) -> Callable[[Comparison, str], float | None]:
    return lambda comparison, name: comparison.ratio(name, *others)
