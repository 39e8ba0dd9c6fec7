"""
Make resizes in Celery tasks.

Set ``SHIFT_MEDIA_ENQUEUE = "django_shift_media.contrib.celery.enqueue"``.
"""

from collections.abc import Sequence

from celery import shared_task

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.generation import prewarm


# Acknowledged when finished: another worker gets the task of a worker that died.
@shared_task(  # type: ignore[untyped-decorator]  # Celery is not typed
    acks_late=True,
    reject_on_worker_lost=True,
    ignore_result=True,
    autoretry_for=(StorageUnavailable,),
    retry_backoff=True,
)
def make_resizes(keys: list[str], storage: str | None = None) -> None:
    """Generate missing resizes of one original: a Celery task."""
    prewarm.make_missing(keys, storage)


def enqueue(keys: Sequence[str], storage: str | None = None, *, delay: int = 0) -> None:
    """Enqueue ``make_resizes``, after ``delay`` seconds: a value for ``SHIFT_MEDIA_ENQUEUE``."""
    make_resizes.apply_async((list(keys), storage), countdown=delay or None)
