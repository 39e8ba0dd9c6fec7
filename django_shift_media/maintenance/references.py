"""The rows that name files: of all media fields, in all databases, in constant memory."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connections, models, router
from django.db.models import QuerySet

from django_shift_media.fields import MediaField

_PAGE = 1000  # rows


class Column(NamedTuple):
    """A field's column in one of the databases."""

    field: "models.Field[Any, Any]"
    using: str

    def __str__(self) -> str:
        return f"{self.field.model._meta.label}.{self.field.name}"

    @property
    def rows(self) -> "QuerySet[Any]":
        # No manager, whichever: it may hide rows.
        return QuerySet(self.field.model, using=self.using)

    def names(self) -> Iterator[str]:
        """Give all names that are not empty."""
        attname = self.field.attname
        rows = self.rows.exclude(**{attname: ""}).exclude(**{attname: None})
        for page in pages_of(rows.only("pk", attname)):
            yield from (row.__dict__[attname] for row in page)

    def naming(self, names: Sequence[str]) -> set[str]:
        """Return those of the names that rows have at this moment."""
        attname = self.field.attname
        rows = self.rows.filter(**{f"{attname}__in": names})
        return set(rows.values_list(attname, flat=True))


def columns_of(fields: Iterable["models.Field[Any, Any]"]) -> list[Column]:
    """Return the columns of these fields, in every database that has their tables."""
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


def _tables(using: str) -> set[str]:
    with connections[using].cursor() as cursor:
        return set(connections[using].introspection.table_names(cursor, include_views=True))


def pages_of(rows: "QuerySet[Any]") -> Iterator[list[Any]]:
    """
    Give the rows in lists, in the order of their primary keys.

    Each list is a query of its own: nothing stays open in between, and a server that has no
    cursors need not send all rows at once.
    """
    rows = rows.order_by("pk")
    page = list(rows[:_PAGE])
    while page:
        yield page
        page = list(rows.filter(pk__gt=page[-1].pk)[:_PAGE])


class Index:
    """
    Names, and a word on each, in a temporary file: memory does not grow with their number.

    The order of names is that of bytes, whatever the collations of the databases.
    """

    def __init__(self) -> None:
        # SQLite deletes the file of a database without a name when it is closed.
        self._file = sqlite3.connect("")
        self._file.execute(
            "CREATE TABLE names (name TEXT PRIMARY KEY, word TEXT, seen INT DEFAULT 0)"
            " WITHOUT ROWID"
        )

    def __enter__(self) -> "Index":
        return self

    def __exit__(self, *args: object) -> None:
        self._file.close()

    def add(self, names: Iterable[tuple[str, str]]) -> None:
        self._file.executemany("INSERT OR IGNORE INTO names (name, word) VALUES (?, ?)", names)

    def see(self, names: Sequence[str]) -> set[str]:
        """Return those of the names that are here, and note that they were seen."""
        marks = ", ".join("?" * len(names))
        found = self._file.execute(f"SELECT name FROM names WHERE name IN ({marks})", names)  # noqa: S608
        known = {name for (name,) in found}
        self._file.executemany("UPDATE names SET seen = 1 WHERE name = ?", zip(known))
        return known

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return self._file.execute("SELECT name, word FROM names ORDER BY name")

    def unseen(self) -> Iterator[tuple[str, str]]:
        return self._file.execute("SELECT name, word FROM names WHERE seen = 0 ORDER BY name")

    def __len__(self) -> int:
        return int(self._file.execute("SELECT count(*) FROM names").fetchone()[0])
