"""
Compare each resource of a configuration with its desired state, and apply the difference.

A resource is one document, in boto3's shape. This module does not depend on any AWS service.
"""

import difflib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from json import JSONDecodeError
from operator import eq
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from django_shift_media.aws.common import Conflict, Document, NotSupported, NotYet

# Raised by boto3 when AWS refuses a request, or does not answer.
AWS_ERRORS = (BotoCoreError, ClientError)

State = Literal[
    "unchanged", "to change", "waiting", "changed", "not supported", "failed", "skipped", "restored"
]

# Error codes of AWS while an earlier change has not reached all of its servers yet.
_RETRYABLE_CODES = frozenset({"AccessDenied", "OperationAborted"})
_RETRY_DELAYS = (0.5, 1, 2, 4)  # seconds before each further attempt
_IN_PLACE = frozenset({"changed", "unchanged"})
_NOT_IN_PLACE = frozenset({"failed", "skipped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """
    One document of a configuration, and how to read, merge and write it.

    ``read`` returns the current document, ``merge`` the desired one: the current document with
    our settings in it and everything else unchanged. ``write`` stores that document. None stands
    for no document; writing it deletes the current one. ``merge`` raises ``Conflict`` if the
    current document rules our settings out, and ``NotYet`` if another resource must change first.

    ``needs`` names earlier resources without which this one is not written. ``restore_without``
    names a later one: if that fails, the former document of this one is written back.
    ``can_write`` says whether the server implements writing a document that is not set. ``hidden``
    has secrets in the document, which are not shown.
    """

    name: str
    read: Callable[[], Document | None]
    merge: Callable[[Document | None], Document | None]
    write: Callable[[Document | None], object]
    is_same: Callable[[Document | None, Document | None], bool] = eq
    can_write: Callable[[Document], bool] = lambda _: True
    needs: frozenset[str] = frozenset()
    restore_without: str = ""
    hidden: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """The change that a resource needs, or its result."""

    resource: Resource = field(repr=False)
    state: State
    current: Document | None = None
    desired: Document | None = None
    reason: str = ""

    def diff(self) -> list[str]:
        """
        Return a diff of both documents: changed lines begin with "+" or "-".

        Parts that do not follow each other are separated by "...".
        """
        current, desired = map(self._lines, (self.current, self.desired))
        lines = list(difflib.unified_diff(current, desired, lineterm=""))
        # Without the heading of the files, and that of the first part.
        return ["..." if line.startswith("@@") else line for line in lines[3:]]

    def as_document(self) -> Document:
        return {
            "resource": self.resource.name,
            "state": self.state,
            "current": self._shown(self.current),
            "desired": self._shown(self.desired),
            "reason": self.reason,
        }

    def _lines(self, document: Document | None) -> list[str]:
        shown = self._shown(document)
        return [] if shown is None else json.dumps(shown, indent=2, default=str).splitlines()

    def _shown(self, document: Document | None) -> Document | None:
        """Return a document without the secrets in it."""
        if not self.resource.hidden:
            return document
        text = json.dumps(document, default=str)
        for secret in self.resource.hidden:
            text = text.replace(secret, "(secret)")
        shown: Document | None = json.loads(text)
        return shown


def plan(resources: Iterable[Resource]) -> list[Change]:
    """
    Compare each resource with its desired document, without changing anything.

    Raise ``Conflict``, and boto3's errors if AWS does not answer or denies access.
    """
    return [_compare(resource) for resource in resources]


def apply(changes: Iterable[Change]) -> Iterator[Change]:
    """
    Make the changes in order, and read each one back; yield the results.

    After the first change, resources are compared again before they are written: the plan may be
    out of date, and later resources may depend on what earlier ones have created. At the end,
    what is of no use without a resource that failed is restored, and yielded a second time.
    """
    results: dict[str, Change] = {}
    for change in changes:
        result = _result(change, results)
        results[change.resource.name] = result
        yield result
    for result in results.values():
        purpose = results.get(result.resource.restore_without)
        if result.state == "changed" and purpose and purpose.state not in _IN_PLACE:
            yield _restore(result, purpose)


def _result(change: Change, earlier: dict[str, Change]) -> Change:
    has_changed = any(result.state == "changed" for result in earlier.values())
    if not (has_changed or change.state in {"to change", "waiting"}):
        return change
    missing = [
        name
        for name in change.resource.needs
        if name in earlier and earlier[name].state in _NOT_IN_PLACE
    ]
    if missing:
        return replace(change, state="skipped", reason=f"it needs the {missing[0]}, which failed")
    return _apply(change.resource, delays=_RETRY_DELAYS if has_changed else ())


def _restore(change: Change, purpose: Change) -> Change:
    reason = f"the {purpose.resource.name} was not written"
    try:
        change.resource.write(change.current)
    except AWS_ERRORS as error:
        return replace(change, state="failed", reason=f"{reason}, and restoring this: {error}")
    return Change(change.resource, "restored", change.desired, change.current, reason)


def _compare(resource: Resource) -> Change:
    try:
        current = resource.read()
        desired = resource.merge(current)
        if resource.is_same(current, desired):
            return Change(resource, "unchanged", current, current)
        if current is None and desired is not None and not resource.can_write(desired):
            return Change(resource, "not supported", reason="the server refuses to set it")
    except NotSupported as error:
        return Change(resource, "not supported", reason=str(error))
    except NotYet as error:
        return Change(resource, "waiting", current, current, str(error))
    except (AttributeError, KeyError, TypeError, JSONDecodeError) as error:
        raise Conflict(f"The current {resource.name} could not be parsed: {error!r}.") from error
    return Change(resource, "to change", current, desired)


def _apply(resource: Resource, delays: Iterable[float]) -> Change:
    try:
        change = _compare(resource)
        if change.state != "to change":
            return change
        _write(change, delays)
        after = _read_back(resource)
    except NotYet as error:
        return Change(resource, "waiting", reason=str(error))
    except NotSupported as error:
        return Change(resource, "not supported", reason=str(error))
    except (*AWS_ERRORS, Conflict) as error:
        return Change(resource, "failed", reason=str(error))
    if after.state == "to change":
        reason = "the server accepted the change, but still returns another configuration"
        return replace(after, state="failed", reason=reason)
    return replace(change, state="changed") if after.state == "unchanged" else after


def _read_back(resource: Resource) -> Change:
    """Compare until the change shows: bucket configurations are eventually consistent."""
    for delay in _RETRY_DELAYS:
        if (change := _compare(resource)).state != "to change":
            return change
        time.sleep(delay)
    return _compare(resource)


def _write(change: Change, delays: Iterable[float]) -> None:
    for delay in delays:
        try:
            change.resource.write(change.desired)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _RETRYABLE_CODES:
                raise
            time.sleep(delay)
        else:
            return
    change.resource.write(change.desired)
