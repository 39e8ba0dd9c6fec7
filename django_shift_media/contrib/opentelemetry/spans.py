"""
A span for each resize that is made, or fails, with a span for each of its steps.

The signals are sent in the context of the request, so its span is the parent. They are sent at the
end, so the spans begin in the past. No attribute has the key of a file.
"""

import time
from collections.abc import Iterable
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode

from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.signals import resize_failed, resize_made

NAME = "shift_media.resize"
_NANOSECONDS = 1_000_000  # of a millisecond
# Those who asked for a resize are at fault, or nobody.
_NO_ERRORS = (FileNotFoundError, UnacceptableFile)


def connect() -> None:
    resize_made.connect(_trace_made, dispatch_uid=__name__)
    resize_failed.connect(_trace_failed, dispatch_uid=__name__)


def _trace_made(
    *, bytes: int, milliseconds: float, laps: Iterable[tuple[str, float]], **others: Any
) -> None:
    end = time.time_ns()
    start = _before(end, milliseconds)
    span = _start(start, outcome="made", **others)
    span.set_attribute("shift_media.bytes", bytes)
    _add_steps(span, start, laps)
    span.end(end)


def _trace_failed(*, cause: Exception, milliseconds: float, **others: Any) -> None:
    end = time.time_ns()
    name = type(cause).__name__
    span = _start(_before(end, milliseconds), outcome=name, **others)
    if not isinstance(cause, _NO_ERRORS):
        span.set_attribute("error.type", name)
        span.set_status(Status(StatusCode.ERROR))
    span.end(end)


def _before(end: int, milliseconds: float) -> int:
    return end - int(milliseconds * _NANOSECONDS)


def _start(
    start: int,
    *,
    storage: str | None,
    format: str | None,
    engine: str,
    outcome: str,
    **others: Any,
) -> Span:
    attributes = {"storage": storage, "format": format, "engine": engine, "outcome": outcome}
    return _tracer().start_span(
        NAME,
        start_time=start,
        attributes={f"shift_media.{name}": value for name, value in attributes.items() if value},
    )


def _add_steps(span: Span, start: int, laps: Iterable[tuple[str, float]]) -> None:
    context = trace.set_span_in_context(span)
    begin = start
    for step, milliseconds in laps:
        end = start + int(milliseconds * _NANOSECONDS)
        _tracer().start_span(f"shift_media.{step}", context, start_time=begin).end(end)
        begin = end


def _tracer() -> trace.Tracer:
    # Asked for each time: a project may set its provider after the apps are ready.
    return trace.get_tracer("django_shift_media")
