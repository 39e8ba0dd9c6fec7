"""Files of rows from one field into another of the same model: into a media field, or out of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Q
from django.db.models.fields.files import FieldFile

from django_shift_media.exceptions import StorageUnavailable, UnacceptableFile
from django_shift_media.maintenance.listing import in_threads
from django_shift_media.maintenance.references import Column, columns_of, pages_of
from django_shift_media.maintenance.results import Result
from django_shift_media.storages.bulk_storage import BulkStorage
from django_shift_media.storages.stored_file import StoredFile


class _Copied(NamedTuple):
    """A row whose file has been copied, and what is to be written to it; or why it has not."""

    column: Column
    row: models.Model
    values: dict[str, Any]
    result: Result


@dataclass(frozen=True)
class FieldMigration:
    """
    Copies the files of ``source`` for all rows whose ``target`` is empty, and verifies them.

    The row is changed last, and only if nobody else has changed it. Nothing is ever deleted but
    copies that came out wrong or came too late.
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
        old, new = self.source.attname, self.target.attname
        rows = column.rows.exclude(Q(**{old: ""}) | Q(**{old: None}))
        return rows.filter(Q(**{new: ""}) | Q(**{new: None}))

    def count(self, limit: int | None = None) -> int:
        total = sum(self.rows(column).count() for column in self.columns)
        return total if limit is None else min(total, limit)

    def run(
        self, *, workers: int, limit: int | None = None, dry_run: bool = False
    ) -> Iterator[Result]:
        rows = islice(self._rows(), limit)
        if dry_run:
            yield from (Result("would be copied", self._old(row).name or "") for _, row in rows)
            return
        # The databases are asked by this thread only.
        for copied in in_threads(self._copy, rows, workers):
            yield self._write(copied) if copied.values else copied.result

    def _rows(self) -> Iterator[tuple[Column, models.Model]]:
        for column in self.columns:
            for page in pages_of(self.rows(column)):
                yield from ((column, row) for row in page)

    def _old(self, row: models.Model) -> FieldFile:
        return getattr(row, self.source.attname)  # type: ignore[no-any-return]

    def _new(self, row: models.Model) -> FieldFile:
        return getattr(row, self.target.attname)  # type: ignore[no-any-return]

    def _copy(self, item: tuple[Column, models.Model]) -> _Copied:
        column, row = item
        name = self._old(row).name or ""
        before = dict(row.__dict__)
        with StoredFile(self._old(row).storage, name) as file:
            try:
                self._new(row).save(file.filename, file, save=False)
                result = self._verify(row, file)
            except FileNotFoundError:
                result = Result("missing", name, 0, f"of row {row.pk}", "trouble")
            except UnacceptableFile as error:
                result = Result("refused", name, 0, f"of row {row.pk}: {error}", "trouble")
            except (StorageUnavailable, OSError) as error:
                result = Result("not copied", name, 0, f"of row {row.pk}: {error}", "trouble")
        values = {} if result.weight == "trouble" else self._changed(row, before)
        return _Copied(column, row, values, result)

    def _verify(self, row: models.Model, file: StoredFile) -> Result:
        new, old = self._new(row), file.key
        storage, name = new.storage, new.name or ""
        if isinstance(storage, BulkStorage):
            is_same = storage.has_same_content(name, file)
        else:
            is_same = StoredFile(storage, name).has_content_of(file)
        if is_same:
            return Result("copied", old, file.size, f"to {name}")
        storage.delete(name)
        return Result("damaged", old, file.size, f"row {row.pk}: the copy differed", "trouble")

    def _changed(self, row: models.Model, before: dict[str, Any]) -> dict[str, Any]:
        """Return what the new file has changed: itself, and what follows from it, as its width."""
        facts = {
            field.attname: row.__dict__[field.attname]
            for field in row._meta.concrete_fields
            if field not in (self.source, self.target)
            and row.__dict__.get(field.attname) != before.get(field.attname)
        }
        return {self.target.attname: self._new(row).name, **facts}

    def _write(self, copied: _Copied) -> Result:
        """Change the row, unless somebody else has: signals and automatic dates are left alone."""
        old = self._old(copied.row).name
        same = self.rows(copied.column).filter(pk=copied.row.pk, **{self.source.attname: old})
        if same.update(**copied.values):
            return copied.result
        self._new(copied.row).storage.delete(copied.values[self.target.attname])
        return Result("left", old or "", 0, f"row {copied.row.pk} was changed meanwhile", "news")
