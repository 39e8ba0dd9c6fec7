"""Copy files from one field of a model to another: to or from a media field."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import models, transaction
from django.db.models import Count, Q
from django.db.models.fields.files import FieldFile

from django_shift_media.exceptions import StorageUnavailable, UnacceptableFile
from django_shift_media.maintenance.listing import in_threads
from django_shift_media.maintenance.results import Result
from django_shift_media.media.metadata import FileMetadata
from django_shift_media.media.references import Column, columns_of, row_pages
from django_shift_media.storages.bulk_storage import BulkStorage
from django_shift_media.storages.stored_file import StoredFile

# For a page of rows: files of other rows that may be copies of theirs. And how many are compared
# with one file.
_MOST_CANDIDATES = 1000
_MOST_COMPARED = 3


class _Group(NamedTuple):
    """Rows with the same file in ``source``, and names in ``target`` that may be copies of it."""

    column: Column
    name: str
    rows: list[models.Model]
    candidates: list[str]

    def fail(self, outcome: str, reason: object = "") -> "_Copied":
        notes = (f"row {row.pk}" + (f": {reason}" if reason else "") for row in self.rows)
        results = [Result(outcome, self.name, 0, note, "error") for note in notes]
        return _Copied(self, {}, results)

    def succeed(self, values: dict[str, Any], first: Result) -> "_Copied":
        shared = Result("shared", self.name, 0, first.note)
        return _Copied(self, values, [first] + [shared] * (len(self.rows) - 1))


class _Copied(NamedTuple):
    """Rows, their values after a copy, and a result for each row; no values after an error."""

    group: _Group
    values: dict[str, Any]
    results: list[Result]


@dataclass(frozen=True)
class FieldMigration:
    """
    Copy the files of ``source`` for all rows whose ``target`` is empty, and verify the copies.

    Rows that share a file share its copy. A row is updated after the copy was verified, unless it
    was changed meanwhile. Nothing is deleted except copies that are damaged or no longer needed.
    ``using`` is the only database, None for all.
    """

    source: models.FileField
    target: models.FileField
    using: str | None = None

    def __post_init__(self) -> None:
        if self.source.model is not self.target.model or self.source is self.target:
            raise ValueError(
                f"{self.source} and {self.target} must be two fields of the same model."
            )

    @property
    def columns(self) -> list[Column]:
        return columns_of([self.source], self.using)

    def rows(self, column: Column) -> "models.QuerySet[Any]":
        """Return the rows with a file in ``source`` and none in ``target``."""
        source = self.source.attname
        rows = column.rows.exclude(Q(**{source: ""}) | Q(**{source: None}))
        return rows.filter(self._has_no_target)

    @property
    def _has_no_target(self) -> Q:
        return Q(**{self.target.attname: ""}) | Q(**{self.target.attname: None})

    def count(self, limit: int | None = None) -> int:
        total = sum(self.rows(column).count() for column in self.columns)
        return total if limit is None else min(total, limit)

    def run(
        self, *, workers: int, limit: int | None = None, dry_run: bool = False
    ) -> Iterator[Result]:
        """Yield a result for each row."""
        for column, rows in self._pages(limit):
            if dry_run:
                for row in rows:
                    yield Result("would be copied", self._source_file(row).name or "")
                continue
            # Threads copy files; only this thread uses the databases.
            for copied in in_threads(self._copy, self._groups(column, rows), workers):
                yield from self._write(copied) if copied.values else copied.results

    def _pages(self, limit: int | None) -> Iterator[tuple[Column, list[models.Model]]]:
        for column in self.columns:
            for page in row_pages(self.rows(column)):
                rows = page[:limit]
                if limit is not None:
                    limit -= len(rows)
                if rows:
                    yield column, rows

    def _groups(self, column: Column, rows: list[models.Model]) -> list[_Group]:
        by_name: dict[str, list[models.Model]] = defaultdict(list)
        for row in rows:
            by_name[self._source_file(row).name or ""].append(row)
        candidates = self._candidates(column, list(by_name))
        return [_Group(column, name, rows, candidates[name]) for name, rows in by_name.items()]

    def _candidates(self, column: Column, names: list[str]) -> dict[str, list[str]]:
        """Return the files in ``target`` of other rows with these names, the most shared first."""
        source, target = self.source.attname, self.target.attname
        others = column.rows.filter(**{f"{source}__in": names}).exclude(self._has_no_target)
        pairs = others.order_by().values_list(source, target).annotate(count=Count("pk"))
        candidates: dict[str, list[str]] = defaultdict(list)
        for name, candidate, _ in pairs.order_by("-count")[:_MOST_CANDIDATES]:
            if len(candidates[name]) < _MOST_COMPARED:
                candidates[name].append(candidate)
        return candidates

    def _source_file(self, row: models.Model) -> FieldFile:
        return getattr(row, self.source.attname)  # type: ignore[no-any-return]

    def _target_file(self, row: models.Model) -> FieldFile:
        return getattr(row, self.target.attname)  # type: ignore[no-any-return]

    # -- copying ----------------------------------------------------------------------------------

    def _copy(self, group: _Group) -> _Copied:
        with StoredFile(self._source_file(group.rows[0]).storage, group.name) as file:
            try:
                for candidate in group.candidates:
                    if self._is_copy(candidate, file):
                        shared = Result("shared", group.name, 0, f"with {candidate}")
                        return group.succeed({self.target.attname: candidate}, shared)
                return self._save_copy(group, file)
            except FileNotFoundError:
                return group.fail("missing")
            except UnacceptableFile as error:
                return group.fail("rejected", error)
            except (StorageUnavailable, OSError) as error:
                return group.fail("not copied", error)

    def _save_copy(self, group: _Group, file: StoredFile) -> _Copied:
        row = group.rows[0]
        before = dict(row.__dict__)
        copy = self._target_file(row)
        copy.save(file.filename, file, save=False)
        if not self._is_copy(copy.name or "", file):
            copy.storage.delete(copy.name or "")
            return group.fail("damaged", "the copy was different and has been deleted")
        result = Result("copied", group.name, file.size, f"to {copy.name}")
        return group.succeed(self._changed_values(row, before), result)

    def _is_copy(self, name: str, file: StoredFile) -> bool:
        storage = self.target.storage
        if isinstance(storage, BulkStorage):
            return storage.has_same_content(name, file)
        return StoredFile(storage, name).has_same_content_as(file)

    def _changed_values(self, row: models.Model, before: dict[str, Any]) -> dict[str, Any]:
        """Return the values that saving the copy has changed: its name and metadata."""
        metadata = {
            field.attname: row.__dict__[field.attname]
            for field in row._meta.concrete_fields
            if field not in (self.source, self.target)
            and row.__dict__.get(field.attname) != before.get(field.attname)
        }
        return {self.target.attname: self._target_file(row).name, **metadata}

    # -- writing ----------------------------------------------------------------------------------

    def _write(self, copied: _Copied) -> Iterator[Result]:
        """Update the rows unless they were changed; send no signals, keep automatic dates."""
        group = copied.group
        name = copied.values[self.target.attname]
        with transaction.atomic(group.column.using):
            values = copied.values
            if name in group.candidates:
                values = self._lock_values(group.column, name)
            written = self._update(group, values) if values else set()
        if not written and name not in group.candidates:
            self.target.storage.delete(name)
        for row, result in zip(group.rows, copied.results, strict=True):
            note = f"row {row.pk} was changed during the run"
            skipped = Result("skipped", group.name, 0, note, "notice")
            yield result if row.pk in written else skipped

    def _lock_values(self, column: Column, name: str) -> dict[str, Any]:
        """Return a file and its metadata from a row that keeps it meanwhile; {} without one."""
        target = Column(self.target, column.using)
        rows = target.rows_with(name)
        target.lock(rows)
        items = set(FileMetadata._fields) - {"focal_point"}  # which each row may have set itself
        fields: set[str | None] = {getattr(self.target, f"{item}_field", None) for item in items}
        return rows.values(self.target.attname, *filter(None, fields)).first() or {}

    def _update(self, group: _Group, values: dict[str, Any]) -> set[Any]:
        """Return the primary keys of the rows that have the values now."""
        unchanged = Q(pk__in=[row.pk for row in group.rows], **{self.source.attname: group.name})
        rows = self.rows(group.column).filter(unchanged)
        # One that was found for the copy; another row with the same file may have set its own.
        focal_point = getattr(self.target, "focal_point_field", None)
        if focal_point in values:
            is_empty = Q(**{focal_point: ""}) | Q(**{focal_point: None})
            rows.filter(is_empty).update(**{focal_point: values[focal_point]})
        rows.update(**{name: value for name, value in values.items() if name != focal_point})
        target = {self.target.attname: values[self.target.attname]}
        written = group.column.rows.filter(unchanged, **target)
        return set(written.values_list("pk", flat=True))
