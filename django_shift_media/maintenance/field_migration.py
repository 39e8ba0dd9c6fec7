"""Copy files from one field of a model to another: to or from a media field."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Q
from django.db.models.fields.files import FieldFile

from django_shift_media.exceptions import StorageUnavailable, UnacceptableFile
from django_shift_media.maintenance.listing import in_threads
from django_shift_media.maintenance.results import Result
from django_shift_media.media.references import Column, columns_of, row_pages
from django_shift_media.storages.bulk_storage import BulkStorage
from django_shift_media.storages.stored_file import StoredFile


class _Copied(NamedTuple):
    """A row, its values after a successful copy, and the result; no values after an error."""

    column: Column
    row: models.Model
    values: dict[str, Any]
    result: Result


@dataclass(frozen=True)
class FieldMigration:
    """
    Copy the files of ``source`` for all rows whose ``target`` is empty, and verify the copies.

    A row is updated after its copy was verified, unless it was changed meanwhile. Nothing is
    deleted except copies that are damaged or no longer needed.
    """

    source: models.FileField
    target: models.FileField

    def __post_init__(self) -> None:
        if self.source.model is not self.target.model or self.source is self.target:
            raise ValueError(
                f"{self.source} and {self.target} must be two fields of the same model."
            )

    @property
    def columns(self) -> list[Column]:
        return columns_of([self.source])

    def rows(self, column: Column) -> "models.QuerySet[Any]":
        """Return the rows with a file in ``source`` and none in ``target``."""
        source, target = self.source.attname, self.target.attname
        rows = column.rows.exclude(Q(**{source: ""}) | Q(**{source: None}))
        return rows.filter(Q(**{target: ""}) | Q(**{target: None}))

    def count(self, limit: int | None = None) -> int:
        total = sum(self.rows(column).count() for column in self.columns)
        return total if limit is None else min(total, limit)

    def run(
        self, *, workers: int, limit: int | None = None, dry_run: bool = False
    ) -> Iterator[Result]:
        rows = islice(self._rows(), limit)
        if dry_run:
            for _, row in rows:
                yield Result("would be copied", self._source_file(row).name or "")
            return
        # Threads copy files; only this thread uses the databases.
        for copied in in_threads(self._copy, rows, workers):
            yield self._write(copied) if copied.values else copied.result

    def _rows(self) -> Iterator[tuple[Column, models.Model]]:
        for column in self.columns:
            for page in row_pages(self.rows(column)):
                yield from ((column, row) for row in page)

    def _source_file(self, row: models.Model) -> FieldFile:
        return getattr(row, self.source.attname)  # type: ignore[no-any-return]

    def _target_file(self, row: models.Model) -> FieldFile:
        return getattr(row, self.target.attname)  # type: ignore[no-any-return]

    def _copy(self, item: tuple[Column, models.Model]) -> _Copied:
        column, row = item
        name = self._source_file(row).name or ""
        before = dict(row.__dict__)
        with StoredFile(self._source_file(row).storage, name) as file:
            try:
                self._target_file(row).save(file.filename, file, save=False)
                result = self._verify(row, file)
            except FileNotFoundError:
                result = Result("missing", name, 0, f"row {row.pk}", "error")
            except UnacceptableFile as error:
                result = Result("rejected", name, 0, f"row {row.pk}: {error}", "error")
            except (StorageUnavailable, OSError) as error:
                result = Result("not copied", name, 0, f"row {row.pk}: {error}", "error")
        values = {} if result.severity == "error" else self._changed_values(row, before)
        return _Copied(column, row, values, result)

    def _verify(self, row: models.Model, file: StoredFile) -> Result:
        copy = self._target_file(row)
        storage, name = copy.storage, copy.name or ""
        if isinstance(storage, BulkStorage):
            is_same = storage.has_same_content(name, file)
        else:
            is_same = StoredFile(storage, name).has_same_content_as(file)
        if is_same:
            return Result("copied", file.key, file.size, f"to {name}")
        storage.delete(name)
        note = f"row {row.pk}: the copy was different and has been deleted"
        return Result("damaged", file.key, file.size, note, "error")

    def _changed_values(self, row: models.Model, before: dict[str, Any]) -> dict[str, Any]:
        """Return the values that saving the copy has changed: its name and metadata."""
        metadata = {
            field.attname: row.__dict__[field.attname]
            for field in row._meta.concrete_fields
            if field not in (self.source, self.target)
            and row.__dict__.get(field.attname) != before.get(field.attname)
        }
        return {self.target.attname: self._target_file(row).name, **metadata}

    def _write(self, copied: _Copied) -> Result:
        """Update the row unless it was changed meanwhile; send no signals, keep automatic dates."""
        name = self._source_file(copied.row).name
        unchanged = self.rows(copied.column).filter(pk=copied.row.pk, **{self.source.attname: name})
        if unchanged.update(**copied.values):
            return copied.result
        self._target_file(copied.row).storage.delete(copied.values[self.target.attname])
        note = f"row {copied.row.pk} was changed during the run"
        return Result("skipped", name or "", 0, note, "notice")
