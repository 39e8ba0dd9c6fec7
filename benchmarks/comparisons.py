"""Compare the measurements of all candidates for one case."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

from benchmarks.candidates import NAIVE
from benchmarks.cases import Case
from benchmarks.orders import Made


@dataclass
class Found:
    """The measurements of a candidate: seconds and bytes of each round, and its last result."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    result: bytes = b""

    def add(self, made: Made, result: bytes) -> None:
        self.cpu.append(median(made.cpu))
        self.wall.append(median(made.wall))
        self.memory.append(made.memory)
        self.result = result


@dataclass
class Comparison:
    """A case, and the measurements of each candidate by name."""

    case: Case
    candidates: list[str]
    found: dict[str, Found] = field(default_factory=lambda: defaultdict(Found))

    def leave_out(self, name: str) -> None:
        self.candidates = [candidate for candidate in self.candidates if candidate != name]
        self.found.pop(name, None)

    def ratio(self, name: str, *others: str) -> float | None:
        """Return its CPU time relative to the fastest of the others."""
        there = [self.found[other].cpu for other in others if other in self.found]
        if name not in self.found or not there:
            return None
        best = min(there, key=median)
        return median(mine / its for mine, its in zip(self.found[name].cpu, best, strict=True))

    @cached_property
    def similarities(self) -> Mapping[str, float | None]:
        from benchmarks.similarity import reference, similarity

        wanted = reference(self.case.photo.path, self.case.resize)
        results = {name: found.result for name, found in self.found.items() if found.result}
        return {name: similarity(result, wanted) for name, result in results.items()}

    def under(self, name: str) -> float | None:
        """Return how much lower its SSIM is than naive Pillow's, which resizes all pixels."""
        its, best = self.similarities.get(name), self.similarities.get(NAIVE)
        return None if its is None or best is None else best - its

    def megabytes(self, name: str) -> float | None:
        return median(self.found[name].memory) / 1e6 if name in self.found else None
