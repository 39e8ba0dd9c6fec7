"""
Make resizes in Django's tasks: ``django.tasks``, or the package django-tasks on Django 5.2.

The setting ``TASKS`` selects the backend, which provides the workers.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from django_shift_media.generation import prewarm

try:
    from django.tasks import task
except ImportError:  # Django 5.2
    from django_tasks import task  # type: ignore[no-redef]


@task
def make_resizes(keys: list[str], storage: str | None = None) -> None:
    """Generate missing resizes of one original: a task of Django."""
    prewarm.make_missing(keys, storage)


def enqueue(keys: Sequence[str], storage: str | None = None, *, delay: int = 0) -> None:
    """
    Enqueue ``make_resizes``, after ``delay`` seconds: the default of ``SHIFT_MEDIA_ENQUEUE``.

    Raise ``NotImplementedError`` if there is a delay and the backend of ``TASKS`` takes none.
    """
    task = make_resizes
    if delay:
        if not task.get_backend().supports_defer:
            raise NotImplementedError("The backend of TASKS cannot delay tasks.")
        task = task.using(run_after=timezone.now() + timedelta(seconds=delay))
    task.enqueue(list(keys), storage)
