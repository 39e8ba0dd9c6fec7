"""What was seen and what is wrong, as lines for a terminal and as JSON."""

import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any, Literal, NamedTuple

from django_shift_media.diagnostics.http_trace import Hop
from django_shift_media.diagnostics.models import Chain, Problem, Request, View
from django_shift_media.diagnostics.probe import Diagnosis
from django_shift_media.diagnostics.rules_storage import LEFT_BEHIND

_WIDTH = 98
_KEY = "KEY"
_TITLES: dict[Request, str] = {
    "first": "First request",
    "again": "Again",
    "after_deletion": "After its deletion",
}
_GOOD: dict[Request, str] = {
    "first": "the picture is made, stored and given, to be kept for a year.",
    "again": "it is there, and nobody makes it again.",
    "after_deletion": "it is there again.",
}


class Line(NamedTuple):
    """A line, and the name of one of the styles that Django's commands have."""

    text: str
    style: Literal["MIGRATE_HEADING", "MIGRATE_LABEL", "SUCCESS", "WARNING", "ERROR"] | None = None


def introduction(chain: Chain) -> Iterator[Line]:
    where = f"bucket {chain.bucket}" if chain.bucket else "local disk"
    yield Line(f"Storage   {where}, mode {chain.mode!r}")
    folder, _, name = chain.key.rpartition("/")
    yield Line(f"{_KEY:<9} {folder}/")
    yield Line(f"{'':<9} {name}")


def show(chain: Chain, view: View) -> Iterator[Line]:
    yield Line("")
    yield Line(_TITLES[view.request], "MIGRATE_HEADING")
    for number, hop in enumerate(view.hops, 1):
        status = hop.status or "---"
        url = _short(hop.url, chain)
        yield Line(f"  {number}  {status}  {hop.milliseconds:6.0f} ms  {url}", _style(hop))
        for detail in _details(hop, chain):
            yield Line(f"                     {detail}")


def conclude(diagnosis: Diagnosis) -> Iterator[Line]:
    if diagnosis.views:
        yield Line("")
        yield Line("Good: the storage takes uploads.", "SUCCESS")
    for request in diagnosis.sound:
        yield Line(f"Good: {_TITLES[request].lower()}: {_GOOD[request]}", "SUCCESS")
    if diagnosis.views and not any(problem.id == LEFT_BEHIND for problem in diagnosis.problems):
        yield Line("Good: the probe is deleted, and nothing of it is left.", "SUCCESS")
    for problem in diagnosis.problems:
        yield Line("")
        yield from _problem(problem, diagnosis.chain)


def as_document(diagnosis: Diagnosis) -> dict[str, Any]:
    errors = diagnosis.errors
    warnings = [problem for problem in diagnosis.problems if problem not in errors]
    return {
        "ok": not errors,
        "mode": diagnosis.chain.mode,
        "url": diagnosis.chain.url,
        "hops": {
            view.request: [_hop_document(hop) for hop in view.hops] for view in diagnosis.views
        },
        "problems": [_problem_document(problem) for problem in errors],
        "warnings": [_problem_document(problem) for problem in warnings],
    }


def _details(hop: Hop, chain: Chain) -> Iterator[str]:
    if hop.error:
        yield hop.error
        return
    if hop.redirects:
        yield f"Location: {_short(hop.location or 'none', chain)}"
    told = {"Age": hop.age, "X-Cache": hop.x_cache}
    yield ", ".join(
        [
            f"Cache-Control: {hop.cache_control or 'none'}",
            *(f"{name}: {value}" for name, value in told.items() if value not in {None, ""}),
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


def _problem(problem: Problem, chain: Chain) -> Iterator[Line]:
    style: Literal["ERROR", "WARNING"] = "ERROR" if problem.severity == "error" else "WARNING"
    where = ""
    if problem.request:
        where = f" ({_TITLES[problem.request].lower()}, hop {problem.hop})"
    yield Line(f"{problem.severity.capitalize()}: {problem.id}{where}", style)
    for line in _wrapped(_short(problem.what, chain)):
        yield Line(f"  {line}")
    for line in _wrapped(_short(f"Remedy: {problem.remedy}", chain)):
        yield Line(f"  {line}", "MIGRATE_LABEL")


def _wrapped(text: str) -> list[str]:
    """Wrap each line but commands, which are to be copied whole."""
    wrap = partial(textwrap.wrap, width=_WIDTH, break_long_words=False, break_on_hyphens=False)
    return [
        part for line in text.splitlines() for part in ([line] if line[0] == " " else wrap(line))
    ]


def _short(text: str, chain: Chain) -> str:
    return text.replace(chain.key, _KEY)


def _style(hop: Hop) -> Literal["ERROR"] | None:
    return None if hop.status == 200 or hop.redirects else "ERROR"
