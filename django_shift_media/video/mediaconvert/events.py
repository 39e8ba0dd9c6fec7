"""
The view for events of MediaConvert, which an API destination of Amazon EventBridge sends.

An event is only a reason to look: a worker asks MediaConvert for the state of the job. So events
may come late, twice, in any order, or not at all.
https://docs.aws.amazon.com/mediaconvert/latest/ug/eventbridge_events.html
"""

import json
import logging
import re
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig
from django.core.signing import BadSignature
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from django_shift_media.conf import conf
from django_shift_media.exceptions import InvalidKey, InvalidResize
from django_shift_media.generation import prewarm
from django_shift_media.naming.renditions import unsign
from django_shift_media.storages.selection import media_storage
from django_shift_media.video.mediaconvert.service import KEY, STORAGE, Service

logger = logging.getLogger("django_shift_media")

# The header with the secret; EventBridge calls it the name of an API key.
HEADER = "X-Shift-Media-Secret"
ENDED = frozenset({"COMPLETE", "ERROR", "CANCELED"})
SOURCE = "aws.mediaconvert"
DETAIL_TYPE = "MediaConvert Job State Change"
_MAX_BYTES = 1_000_000  # of an event


class JobChange(NamedTuple):
    """A job that has ended, and what it was to make."""

    job: str
    alias: str | None
    key: str


@csrf_exempt
@transaction.non_atomic_requests
@never_cache
@require_POST
@login_not_required
def job_changed(request: HttpRequest) -> HttpResponse:
    """
    Have a worker look at the job of an event.

    Respond with 204, also to events of jobs of others; 403 without the secret, 400 to what is not
    an event, and 503 if the queue fails: EventBridge then tries again.
    """
    if not _is_authentic(request.headers.get(HEADER, "")):
        return HttpResponse(status=403)
    try:
        change = _parse(_read(request))
    except ValueError as error:
        return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
    if change is not None and not _enqueue(change):
        return HttpResponse(status=503, headers={"Retry-After": "60"})
    return HttpResponse(status=204)


def _is_authentic(secret: str) -> bool:
    # All of them are compared, so that the time does not say which one it was.
    matches = [
        constant_time_compare(secret, known)
        for known in (conf.mediaconvert_secret, *conf.mediaconvert_secret_fallbacks)
        if known
    ]
    return any(matches)


def _read(request: HttpRequest) -> Any:
    """Return the JSON of a request; raise ``ValueError``."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
        if length > _MAX_BYTES:
            raise ValueError(f"The event has {length} bytes; the maximum is {_MAX_BYTES}.")
        return json.loads(request.body)
    except (RequestDataTooBig, RecursionError) as error:
        raise ValueError("The body is not an event of EventBridge.") from error


def _parse(event: Any) -> JobChange | None:
    """Return the job that has ended; None if it is not one of this site. Raise ``ValueError``."""
    try:
        detail = event["detail"]
        metadata = detail.get("userMetadata") or {}
        job, key, alias = detail["jobId"], metadata.get(KEY), metadata.get(STORAGE)
        is_end = event["source"] == SOURCE and detail["status"] in ENDED
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("The body is not an event of MediaConvert.") from error
    if not (is_end and isinstance(key, str) and isinstance(alias, str)):
        return None
    if not (isinstance(job, str) and re.fullmatch(r"[\w-]{1,100}", job, re.ASCII)):
        raise ValueError("The event has no valid jobId.")
    try:
        unsign(key)
    except (BadSignature, InvalidKey, InvalidResize):  # of another site in the same account
        return None
    return JobChange(job, alias or None, key)


def _enqueue(change: JobChange) -> bool:
    """Give the key to the queue; return whether that has worked."""
    try:
        Service(media_storage(change.alias)).remember(change.key, change.job)
    except ImproperlyConfigured:  # of a storage that this site no longer has
        return True
    try:
        prewarm.enqueue([change.key], change.alias)
    except Exception:  # each queue fails in its own way
        logger.exception("Cannot enqueue %s", change.key)
        return False
    return True
