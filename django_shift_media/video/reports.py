"""``Report``: from a worker to the rows that have a video."""

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models, router, transaction
from django.db.models import DurationField, F, QuerySet

from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.generation.failures import remember_failure
from django_shift_media.naming.renditions import Ladder, Made, Rendition, sign
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.ranged_file import RangedFile
from django_shift_media.storages.selection import is_same_place
from django_shift_media.video.hls import stored_facts
from django_shift_media.video.probe import read_facts
from django_shift_media.video.states import Entry, with_entry

logger = logging.getLogger("django_shift_media")

# Seconds between two reports of progress of the same rendition.
PROGRESS_SECONDS = 3


class StateColumn(NamedTuple):
    """A media field with a ``video_field``."""

    model: type[models.Model]
    attname: str
    video_field: str
    duration_field: str | None

    def rows_with(self, original: str) -> "QuerySet[Any]":
        using = router.db_for_write(self.model)
        return QuerySet(self.model, using=using).filter(**{self.attname: original})


def state_columns(alias: str | None) -> Iterator[StateColumn]:
    """Yield the media fields in this storage that keep the state of their videos."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_fields:
            media_field: Any = field
            if getattr(field, "video_field", None) and is_same_place(
                media_field.storage_alias, alias
            ):
                yield StateColumn(
                    model, field.attname, media_field.video_field, media_field.duration_field
                )


class Report:
    """
    What becomes of the renditions of one video, written to all rows that have it.

    A row that has got another file meanwhile is not changed. For progress, the rows are looked up
    once.
    """

    def __init__(self, storage: MediaStorage, original: str) -> None:
        self.storage = storage
        self.original = original
        self._rows = self._find_rows()
        self._reported: dict[Made, float] = {}

    def _find_rows(self) -> list[tuple[StateColumn, Any]]:
        return [
            (column, pk)
            for column in state_columns(self.storage.alias)
            for pk in column.rows_with(self.original).values_list("pk", flat=True)
        ]

    def working(self, made: Made, percent: int = 0) -> None:
        """Report progress, at most once in ``PROGRESS_SECONDS``."""
        now = time.monotonic()
        if now >= self._reported.get(made, 0) + PROGRESS_SECONDS or made not in self._reported:
            self._reported[made] = now
            self._write(made, {"state": "working", "percent": min(max(percent, 0), 99)})

    def stored(self, key: str, made: Made, size: int) -> None:
        """Report that something is stored in ``size`` bytes, with the facts in its header."""
        entry: dict[str, Any] = {"state": "ready", "bytes": size}
        if isinstance(made, Rendition):
            facts = read_facts(RangedFile(self.storage, key, 0, size))
            entry |= {"width": facts.width, "height": facts.height, "duration": facts.duration}
            entry["codecs"] = facts.codecs
        elif isinstance(made, Ladder):
            entry |= stored_facts(self.storage, key)
        self._rows = self._find_rows()  # another row may name the file by now
        self._write(made, entry)
        if duration := entry.get("duration"):
            self._fill_in_duration(duration)

    def failed(self, made: Made, error: Exception) -> None:
        """
        Report why something cannot be made.

        An unacceptable file is remembered in the cache, too, so that views do not enqueue it again.
        """
        key = sign(self.original, made)
        logger.warning("Cannot make %s: %s", key, error, extra={"key": key})
        if isinstance(error, UnacceptableFile):
            try:
                with remember_failure(self.storage, key):
                    raise error
            except UnacceptableFile:
                pass
        self._rows = self._find_rows()
        self._write(made, {"state": "failed", "reason": str(error)})

    def _write(self, made: Made, entry: Entry) -> None:
        for column, pk in self._rows:
            rows = column.rows_with(self.original).filter(pk=pk)
            name = column.video_field
            with transaction.atomic(rows.db):
                # Locks the row, in every database. Two workers may report at the same time.
                if rows.update(**{name: F(name)}):
                    [state] = rows.values_list(name, flat=True)
                    rows.update(**{name: with_entry(state, str(made), entry)})

    def _fill_in_duration(self, seconds: float) -> None:
        """Set the duration of rows that do not have it, because the header does not say it."""
        for column, pk in self._rows:
            if name := column.duration_field:
                is_interval = isinstance(column.model._meta.get_field(name), DurationField)
                value = timedelta(seconds=seconds) if is_interval else seconds
                rows = column.rows_with(self.original).filter(pk=pk)
                rows.filter(**{f"{name}__isnull": True}).update(**{name: value})
