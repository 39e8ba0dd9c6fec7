"""``MediaConvertMaker``: hand videos to MediaConvert, and store what comes back."""

import time
from collections.abc import Collection, Iterable

from django.core.checks import CheckMessage

from django_shift_media.conf import conf
from django_shift_media.exceptions import StorageUnavailable, UnacceptableFile, UnreadableVideo
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.generation import prewarm
from django_shift_media.generation.cache_lock import cache_key, cache_store
from django_shift_media.generation.storing import require_original
from django_shift_media.naming.renditions import Made, unsign
from django_shift_media.storages.base import MediaStorage
from django_shift_media.video.maker import Work
from django_shift_media.video.mediaconvert import checks
from django_shift_media.video.mediaconvert.documents import Document, drafts_of
from django_shift_media.video.mediaconvert.service import Service, age_of

_REFUSED = _("MediaConvert does not accept the video: %(detail)s.")
_FAILED = _("MediaConvert cannot encode the video: %(detail)s.")
_MAX_DETAIL = 300  # characters


class MediaConvertMaker:
    """
    Has AWS Elemental MediaConvert make renditions and posters, each by a job of its own.

    ``make()`` creates jobs, or looks at those that it created before, and stores what has been
    made. It is called again by the queue after ``SHIFT_MEDIA_MEDIACONVERT_POLL_SECONDS``, and at
    once if EventBridge calls ``events.job_changed()``.
    """

    def make(self, work: Work) -> None:
        service = Service(work.storage)
        waiting = list(work.wanted)
        while waiting := [key for key in waiting if _is_running(service, work, key)]:
            if _is_asked_later(work.storage, waiting):
                return
            time.sleep(conf.mediaconvert_poll_seconds)

    def forget(self, storage: MediaStorage, keys: Collection[str]) -> None:
        service = Service(storage)
        for key in keys:
            service.cancel(key)
            storage.delete_many(drafts_of(key, unsign(key)[1]))

    def check(self, *, deploy: bool) -> Iterable[CheckMessage]:
        """Return the messages of system checks, or those that are for ``--deploy`` only."""
        return checks.check_deployment() if deploy else checks.check_settings()


def _is_asked_later(storage: MediaStorage, keys: list[str]) -> bool:
    """Have the queue look again, once for all who have looked; return whether the queue can."""
    seconds = conf.mediaconvert_poll_seconds
    new = [key for key in keys if cache_store.add(cache_key("poll", storage, key), True, seconds)]
    return not new or prewarm.enqueue_later(new, storage.alias, seconds)


def _is_running(service: Service, work: Work, key: str) -> bool:
    """Do what is to be done about a key now; return whether its job goes on."""
    made = work.wanted[key]
    try:
        job = service.job_of(key) or _submit(service, work.original, key, made)
        if job["Status"] in {"SUBMITTED", "PROGRESSING"} and age_of(job) < _max_seconds():
            work.report.working(made, job.get("JobPercentComplete") or 0)
            return True
        _finish(service, work, key, job)
    except FileNotFoundError:  # the original was deleted meanwhile
        MediaConvertMaker().forget(work.storage, [key])
    except (UnacceptableFile, StorageUnavailable) as error:
        work.report.failed(made, error)
        if not isinstance(error, UnacceptableFile):
            raise
    return False


def _max_seconds() -> int:
    return conf.mediaconvert_max_seconds


def _submit(service: Service, original: str, key: str, made: Made) -> Document:
    try:
        return service.submit(original, key, made)
    except StorageUnavailable as error:
        cause = error.__cause__
        if isinstance(cause, service.client.exceptions.BadRequestException):
            service.forget(key)
            raise UnreadableVideo(_REFUSED, detail=_detail(str(cause))) from error
        raise


def _finish(service: Service, work: Work, key: str, job: Document) -> None:
    """Store what a job has made, or report why it has made nothing."""
    made, storage = work.wanted[key], service.storage
    drafts = drafts_of(key, made)
    if job["Status"] != "COMPLETE":
        service.cancel(key)
        storage.delete_many(drafts)
        raise UnreadableVideo(_FAILED, detail=_reason(job))
    try:
        size = storage.adopt(drafts[0], key)
    except FileNotFoundError as error:
        if not storage.exists(work.original):
            raise
        service.forget(key)
        raise UnreadableVideo(_FAILED, detail="it has stored nothing") from error
    require_original(storage, work.original, [key, *drafts])
    service.forget(key)
    storage.delete_many(drafts)
    work.report.stored(key, made, size)


def _reason(job: Document) -> str:
    if job["Status"] == "ERROR":
        return _detail(f"{job.get('ErrorMessage') or 'no reason given'} ({job.get('ErrorCode')})")
    if job["Status"] == "CANCELED":
        return "its job was canceled"
    return f"its job took more than {_max_seconds()} seconds"


def _detail(text: str) -> str:
    printable = "".join(character for character in text if character.isprintable())
    return printable.strip().rstrip(".")[:_MAX_DETAIL]
