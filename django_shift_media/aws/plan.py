"""
Plans: what each part of a configuration is, what it must become, and how to get there.

A part is one document, in the shape that boto3 gives it. Nothing here knows which service it
belongs to.
"""

import difflib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from json import JSONDecodeError
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from django_shift_media.aws.common import Conflict, Document, NotSupported, NotYet
from django_shift_media.storages.s3 import http_status

# What boto3 raises when AWS refuses, or does not answer.
FAILURES = (BotoCoreError, ClientError)

State = Literal["already so", "to do", "waiting", "done", "not supported", "failed"]

# What S3 servers answer to calls that they do not know. "BucketAlreadyExists" is what some make
# of any PUT on a bucket that they cannot place.
_UNKNOWN_CALLS = frozenset(
    {"NotImplemented", "MethodNotAllowed", "BucketAlreadyExists", "BucketAlreadyOwnedByYou"}
)
# What AWS answers while an earlier change is still on its way through its data centers.
_UNSETTLED = frozenset({"AccessDenied", "OperationAborted"})
_PAUSES = (0.5, 1, 2, 4)  # seconds, before each further attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    One document of a configuration; None stands for none at all.

    ``read`` returns it as it is and ``merge`` what it must become, with all that is not ours
    as it was. ``write`` puts that in place, or takes the document away. ``merge`` raises
    ``Conflict`` where the two cannot be joined, and ``NotYet`` where it is too early.
    """

    name: str
    read: Callable[[], Document | None]
    merge: Callable[[Document | None], Document | None]
    write: Callable[[Document | None], object]


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done, or has been done, about a part."""

    part: Part = field(repr=False)
    state: State
    current: Document | None = None
    wanted: Document | None = None
    reason: str = ""

    def diff(self) -> list[str]:
        """Return the lines that change, each behind a "+" or a "-", among some that do not."""
        lines = difflib.unified_diff(_lines(self.current), _lines(self.wanted), lineterm="")
        return [line for line in list(lines)[2:] if not line.startswith("@@")]

    def as_document(self) -> Document:
        return {
            "part": self.part.name,
            "state": self.state,
            "current": self.current,
            "wanted": self.wanted,
            "reason": self.reason,
        }


def plan(parts: Iterable[Part]) -> list[Step]:
    """
    Compare each part with what it must become; nothing is changed.

    Raise ``Conflict``, and what boto3 raises when nobody answers or nobody may ask.
    """
    return [_look(part) for part in parts]


def apply(steps: Iterable[Step]) -> Iterator[Step]:
    """
    Do what is to do, one part after the other, and read each back.

    From the first change on, parts are looked at anew: what others have changed since the plan
    was made stays, and what follows from an earlier part is known.
    """
    changed = False
    for step in steps:
        if changed or step.state in {"to do", "waiting"}:
            step = _apply(step.part, pauses=_PAUSES if changed else ())
            changed = changed or step.state == "done"
        yield step


def _look(part: Part) -> Step:
    try:
        current = part.read()
        wanted = part.merge(current)
    except NotSupported as error:
        return Step(part, "not supported", reason=str(error))
    except NotYet as error:
        return Step(part, "waiting", current, current, str(error))
    except ClientError as error:
        if _is_unknown_call(error):
            return Step(part, "not supported", reason=str(error))
        raise
    except (AttributeError, KeyError, TypeError, JSONDecodeError) as error:
        raise Conflict(f"The present {part.name} makes no sense: {error!r}.") from error
    return Step(part, "already so" if wanted == current else "to do", current, wanted)


def _apply(part: Part, pauses: Iterable[float]) -> Step:
    try:
        step = _look(part)
        if step.state != "to do":
            return step
        _write(step, pauses)
        after = _read_back(part)
    except NotYet as error:
        return replace(step, state="waiting", reason=str(error))
    except ClientError as error:
        state: State = "not supported" if _is_unknown_call(error) else "failed"
        return Step(part, state, reason=str(error))
    if after.state == "to do":
        reason = "it was accepted, and is something else when read back"
        return replace(after, state="failed", reason=reason)
    return replace(step, state="done") if after.state == "already so" else after


def _read_back(part: Part) -> Step:
    """Look again until the change shows: configurations are not consistent at once."""
    for pause in _PAUSES:
        if (step := _look(part)).state != "to do":
            return step
        time.sleep(pause)
    return _look(part)


def _write(step: Step, pauses: Iterable[float]) -> None:
    for pause in pauses:
        try:
            step.part.write(step.wanted)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _UNSETTLED:
                raise
            time.sleep(pause)
        else:
            return
    step.part.write(step.wanted)


def _is_unknown_call(error: ClientError) -> bool:
    return http_status(error) in {405, 501} or error.response["Error"]["Code"] in _UNKNOWN_CALLS


def _lines(document: Document | None) -> list[str]:
    return [] if document is None else json.dumps(document, indent=2, default=str).splitlines()
