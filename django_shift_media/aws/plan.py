"""
Compare each resource of a configuration with its desired state, and apply the difference.

A resource is one document, in boto3's shape. This module does not depend on any AWS service.
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

# Raised by boto3 when AWS refuses a request, or does not answer.
AWS_ERRORS = (BotoCoreError, ClientError)

State = Literal["unchanged", "to change", "waiting", "changed", "not supported", "failed"]

# Error codes of S3 servers for calls that they do not implement. Some (seen with s3rver 3.7) treat
# an unknown PUT on a bucket as CreateBucket, and answer "BucketAlreadyExists" or "…OwnedByYou".
_UNSUPPORTED_CODES = frozenset(
    {"NotImplemented", "MethodNotAllowed", "BucketAlreadyExists", "BucketAlreadyOwnedByYou"}
)
# Error codes of AWS while an earlier change has not reached all of its servers yet.
_RETRYABLE_CODES = frozenset({"AccessDenied", "OperationAborted"})
_RETRY_DELAYS = (0.5, 1, 2, 4)  # seconds before each further attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """
    One document of a configuration, and how to read, merge and write it.

    ``read`` returns the current document, ``merge`` the desired one: the current document with
    our settings in it and everything else unchanged. ``write`` stores that document. None stands
    for no document; writing it deletes the current one. ``merge`` raises ``Conflict`` if the
    current document rules our settings out, and ``NotYet`` if another resource must change first.
    """

    name: str
    read: Callable[[], Document | None]
    merge: Callable[[Document | None], Document | None]
    write: Callable[[Document | None], object]


@dataclass(frozen=True, slots=True)
class Change:
    """The change that a resource needs, or its result."""

    resource: Resource = field(repr=False)
    state: State
    current: Document | None = None
    desired: Document | None = None
    reason: str = ""

    def diff(self) -> list[str]:
        """Return a diff of both documents: changed lines begin with "+" or "-"."""
        lines = difflib.unified_diff(_lines(self.current), _lines(self.desired), lineterm="")
        return [line for line in list(lines)[2:] if not line.startswith("@@")]

    def as_document(self) -> Document:
        return {
            "resource": self.resource.name,
            "state": self.state,
            "current": self.current,
            "desired": self.desired,
            "reason": self.reason,
        }


def plan(resources: Iterable[Resource]) -> list[Change]:
    """
    Compare each resource with its desired document, without changing anything.

    Raise ``Conflict``, and boto3's errors if AWS does not answer or denies access.
    """
    return [_compare(resource) for resource in resources]


def apply(changes: Iterable[Change]) -> Iterator[Change]:
    """
    Make the changes in order, and read each one back.

    After the first change, resources are compared again before they are written: the plan may be
    out of date, and later resources may depend on what earlier ones have created.
    """
    has_changed = False
    for change in changes:
        if has_changed or change.state in {"to change", "waiting"}:
            change = _apply(change.resource, delays=_RETRY_DELAYS if has_changed else ())
            has_changed = has_changed or change.state == "changed"
        yield change


def _compare(resource: Resource) -> Change:
    try:
        current = resource.read()
        desired = resource.merge(current)
    except NotSupported as error:
        return Change(resource, "not supported", reason=str(error))
    except NotYet as error:
        return Change(resource, "waiting", current, current, str(error))
    except ClientError as error:
        if _is_unsupported(error):
            return Change(resource, "not supported", reason=str(error))
        raise
    except (AttributeError, KeyError, TypeError, JSONDecodeError) as error:
        raise Conflict(f"The current {resource.name} could not be parsed: {error!r}.") from error
    return Change(resource, "unchanged" if desired == current else "to change", current, desired)


def _apply(resource: Resource, delays: Iterable[float]) -> Change:
    try:
        change = _compare(resource)
        if change.state != "to change":
            return change
        _write(change, delays)
        after = _read_back(resource)
    except NotYet as error:
        return replace(change, state="waiting", reason=str(error))
    except ClientError as error:
        state: State = "not supported" if _is_unsupported(error) else "failed"
        return Change(resource, state, reason=str(error))
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


def _is_unsupported(error: ClientError) -> bool:
    return http_status(error) in {405, 501} or error.response["Error"]["Code"] in _UNSUPPORTED_CODES


def _lines(document: Document | None) -> list[str]:
    return [] if document is None else json.dumps(document, indent=2, default=str).splitlines()
