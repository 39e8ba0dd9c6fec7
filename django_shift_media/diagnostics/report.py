"""Format a diagnosis as lines for a terminal and as JSON."""

import re
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any, Literal, NamedTuple

from django_shift_media.diagnostics.http_trace import Hop
from django_shift_media.diagnostics.models import Expectations, Problem, RequestName, Trace
from django_shift_media.diagnostics.probe import Diagnosis
from django_shift_media.diagnostics.rules_storage import LEFT_BEHIND

_MAX_WIDTH, _MIN_WIDTH = 100, 20  # columns; wider texts are hard to read
_NARROW = 60  # columns; in fewer, a URL and a command have a line of their own
_NARROW_INDENT, _INDENT = 5, 21
_KEY = "KEY"
_LONG_URL = re.compile(r"(https?://\S{150})\S{20,}")
_TITLES: dict[RequestName, str] = {
    "first": "First request",
    "again": "Second request",
    "stored": "Request for a file that only the bucket has",
    "original": "Request for the original",
    "after_deletion": "Request after deletion",
    "stranger": "Request of a visitor without a permission",
    "stranger_original": "The same for the original",
    "bucket": "Request to the bucket without a signature",
    "preflight": "Preflight request of a direct upload",
    "part": "Part of a direct upload",
    "longer_part": "Part of a direct upload with another length",
}
_PASSED: dict[RequestName, str] = {
    "first": "the resize was generated, stored and served; browsers may cache it for a year.",
    "again": "the stored resize was served.",
    "stored": "the CDN reads the bucket.",
    "original": "the original was served.",
    "after_deletion": "the deleted resize was served again.",
    "stranger": "it was refused.",
    "stranger_original": "it was refused.",
    "bucket": "it was refused.",
    "preflight": "pages of the site may upload.",
    "part": "it was stored, and deleted.",
    "longer_part": "it was refused.",
}


Style = Literal["MIGRATE_HEADING", "MIGRATE_LABEL", "SUCCESS", "WARNING", "ERROR"]


class Line(NamedTuple):
    """A line of output, and the name of its style in Django's command styles."""

    text: str
    style: Style | None = None


def introduction(expected: Expectations) -> Iterator[Line]:
    where = f"bucket {expected.bucket}" if expected.bucket else "local disk"
    yield from _wrapped(f"Storage   {where}, mode {expected.mode!r}")
    folder, _, name = expected.key.rpartition("/")
    for line in _on_lines(f"{_KEY:<9}", f" {folder}/"):
        yield Line(line)
    yield Line(f"{'':<9} {name}")


def trace_lines(expected: Expectations, trace: Trace) -> Iterator[Line]:
    indent = _INDENT if _columns() >= _NARROW else _NARROW_INDENT
    yield Line("")
    yield from _wrapped(_TITLES[trace.request], "MIGRATE_HEADING")
    for number, hop in enumerate(trace.hops, 1):
        start = f"  {number}  {hop.status or '---'}  {hop.milliseconds:6.0f} ms"
        for line in _on_lines(start, f"  {_short(hop.url, expected)}"):
            yield Line(line, _style(hop))
        for detail in _details(hop, expected):
            yield from _wrapped(detail, indent=indent)


def result_lines(diagnosis: Diagnosis) -> Iterator[Line]:
    if diagnosis.traces:
        yield Line("")
        yield from _wrapped("OK: the probe was stored.", "SUCCESS")
    for request in diagnosis.passed:
        yield from _wrapped(f"OK: {_TITLES[request].lower()}: {_PASSED[request]}", "SUCCESS")
    for request in diagnosis.unverified:
        text = (
            "a cache served the deleted resize, so this does not show that it is generated again."
        )
        yield from _wrapped(f"Not verified: {_TITLES[request].lower()}: {text}", "WARNING")
    if diagnosis.traces and not any(problem.id == LEFT_BEHIND for problem in diagnosis.problems):
        yield from _wrapped("OK: the probe and its resize were deleted.", "SUCCESS")
    for problem in diagnosis.problems:
        yield Line("")
        yield from _problem(problem, diagnosis.expected)


def not_checked(alias: str) -> Iterator[Line]:
    """Return lines for a storage that was not checked, as another one was."""
    command = f" manage.py check_media --storage {alias}"
    for line in _on_lines(f"Not checked: {alias}. Run:", command):
        yield Line(line, "WARNING")


def as_document(diagnosis: Diagnosis) -> dict[str, Any]:
    errors = diagnosis.errors
    warnings = [problem for problem in diagnosis.problems if problem not in errors]
    return {
        "ok": not errors,
        "mode": diagnosis.expected.mode,
        "url": diagnosis.expected.url,
        "hops": {
            trace.request: [_hop_document(hop) for hop in trace.hops] for trace in diagnosis.traces
        },
        "unverified": diagnosis.unverified,
        "problems": [_problem_document(problem) for problem in errors],
        "warnings": [_problem_document(problem) for problem in warnings],
    }


def _details(hop: Hop, expected: Expectations) -> Iterator[str]:
    if hop.error:
        yield hop.error
        return
    if hop.is_redirect:
        yield f"Location: {_short(hop.location or 'none', expected)}"
    optional = {"Age": hop.age, "X-Cache": hop.x_cache}
    yield ", ".join(
        [
            f"Cache-Control: {hop.cache_control or 'none'}",
            *(f"{name}: {value}" for name, value in optional.items() if value not in {None, ""}),
        ]
    )


def _hop_document(hop: Hop) -> dict[str, Any]:
    return {
        "url": hop.url,
        "status": hop.status,
        "location": hop.location,
        "cache_control": hop.cache_control,
        "age": hop.age,
        "x_cache": hop.x_cache,
        "server": hop.headers.get("server", ""),
        "content_type": hop.content_type,
        "date": hop.headers.get("date", ""),
        "milliseconds": round(hop.milliseconds, 1),
        "error": hop.error,
    }


def _problem_document(problem: Problem) -> dict[str, Any]:
    document = asdict(problem)
    del document["severity"]
    return document


def _problem(problem: Problem, expected: Expectations) -> Iterator[Line]:
    style: Style = "ERROR" if problem.severity == "error" else "WARNING"
    where = ""
    if problem.request:
        where = f" ({_TITLES[problem.request].lower()}, hop {problem.hop})"
    yield from _wrapped(f"{problem.severity.capitalize()}: {problem.id}{where}", style)
    yield from _wrapped(_short(problem.what, expected), indent=2)
    remedy = _short(f"Remedy: {problem.remedy}", expected)
    yield from _wrapped(remedy, "MIGRATE_LABEL", indent=2)


def _wrapped(text: str, style: Style | None = None, *, indent: int = 0) -> Iterator[Line]:
    """Wrap lines at the width of the terminal, except for commands, which users copy."""
    width = max(_columns() - indent, _MIN_WIDTH)
    wrap = partial(textwrap.wrap, width=width, break_long_words=False, break_on_hyphens=False)
    for line in text.splitlines():
        for part in [line] if line.startswith(" ") else wrap(line):
            yield Line(" " * indent + part, style)


def _columns() -> int:
    return min(shutil.get_terminal_size((_MAX_WIDTH, 0)).columns, _MAX_WIDTH)


def _on_lines(start: str, end: str) -> list[str]:
    """Return one line, or two if the terminal is narrow: the end is a URL or a command."""
    if _columns() >= _NARROW:
        return [start + end]
    return [start.rstrip(), " " * _NARROW_INDENT + end.strip()]


def _short(text: str, expected: Expectations) -> str:
    """Shorten the key, and URLs that grow with each redirect."""
    return _LONG_URL.sub(r"\1…", text.replace(expected.key, _KEY))


def _style(hop: Hop) -> Literal["ERROR"] | None:
    return None if hop.status == 200 or hop.is_redirect else "ERROR"
