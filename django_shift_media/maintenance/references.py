"""The names of files in rows: of all media fields, in all databases, in constant memory."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connections, models, router
from django.db.models import QuerySet

from django_shift_media.fields import MediaField

_PAGE_SIZE = 1000  # rows


class Column(NamedTuple):
    """The column of a field in one of the databases."""

    field: "models.Field[Any, Any]"
    using: str

    def __str__(self) -> str:
        return f"{self.field.model._meta.label}.{self.field.name}"

    @property
    def rows(self) -> "QuerySet[Any]":
        # Not from a manager of the model, which may exclude rows.
        return QuerySet(self.field.model, using=self.using)

    def names(self) -> Iterator[str]:
        """Yield the names in all rows, except empty ones."""
        attname = self.field.attname
        rows = self.rows.exclude(**{attname: ""}).exclude(**{attname: None})
        for page in row_pages(rows.only("pk", attname)):
            yield from (row.__dict__[attname] for row in page)

    def find_names(self, names: Sequence[str]) -> set[str]:
        """Query which of these names the rows have now."""
        attname = self.field.attname
        rows = self.rows.filter(**{f"{attname}__in": names})
        return set(rows.values_list(attname, flat=True))


def columns_of(fields: Iterable["models.Field[Any, Any]"]) -> list[Column]:
    """Return the columns of these fields in every database that has their tables."""
    tables = {using: _tables(using) for using in connections}
    return [
        Column(field, using)
        for field in fields
        for using in connections
        if router.allow_migrate_model(using, field.model)
        and field.model._meta.db_table in tables[using]
    ]


def media_columns() -> list[Column]:
    """Return the columns of all media fields of the project."""
    models = apps.get_models(include_auto_created=True, include_swapped=True)
    fields = [field for model in models for field in model._meta.local_fields]
    return columns_of(field for field in fields if isinstance(field, MediaField))


def find_referenced(names: Sequence[str], columns: Iterable[Column]) -> set[str]:
    """Query which of these names any row has now."""
    return set().union(*(column.find_names(names) for column in columns)) if names else set()


def _tables(using: str) -> set[str]:
    with connections[using].cursor() as cursor:
        return set(connections[using].introspection.table_names(cursor, include_views=True))


def row_pages(rows: "QuerySet[Any]") -> Iterator[list[Any]]:
    """
    Yield the rows in pages, ordered by primary key.

    Each page is a separate query: no cursor stays open between pages, and databases without
    server-side cursors do not send all rows at once.
    """
    rows = rows.order_by("pk")
    page = list(rows[:_PAGE_SIZE])
    while page:
        yield page
        page = list(rows.filter(pk__gt=page[-1].pk)[:_PAGE_SIZE])


class NameTable:
    """
    A table of names, each with a value, in a temporary file, so that memory use is constant.

    Names are sorted by bytes, independent of the collations of the databases. The first value of
    a name is kept.
    """

    def __init__(self) -> None:
        # A SQLite database without a name is a temporary file, deleted when it is closed.
        self._database = sqlite3.connect("")
        self._database.execute(
            "CREATE TABLE names (name TEXT PRIMARY KEY, value TEXT, is_found INT DEFAULT 0)"
            " WITHOUT ROWID"
        )

    def __enter__(self) -> "NameTable":
        return self

    def __exit__(self, *args: object) -> None:
        self._database.close()

    def add(self, names: Iterable[tuple[str, str]]) -> None:
        self._database.executemany("INSERT OR IGNORE INTO names (name, value) VALUES (?, ?)", names)

    def add_columns(self, columns: Iterable[Column]) -> None:
        """Add the names in all rows; the value is the column."""
        for column in columns:
            self.add((name, str(column)) for name in column.names())

    def mark_found(self, names: Sequence[str]) -> set[str]:
        """Mark those of the names that the table has as found, and return them."""
        placeholders = ", ".join("?" * len(names))
        query = f"SELECT name FROM names WHERE name IN ({placeholders})"  # noqa: S608
        found = {name for (name,) in self._database.execute(query, names)}
        self._database.executemany("UPDATE names SET is_found = 1 WHERE name = ?", zip(found))
        return found

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return self._database.execute("SELECT name, value FROM names ORDER BY name")

    def not_found(self) -> Iterator[tuple[str, str]]:
        """Yield the names that were never marked as found, with their values."""
        return self._database.execute(
            "SELECT name, value FROM names WHERE is_found = 0 ORDER BY name"
        )

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM names").fetchone()[0])
