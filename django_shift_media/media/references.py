"""Which files are referenced: by rows of media fields, in all databases, and by defaults."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, TypeAlias

from django.apps.registry import Apps
from django.db import DatabaseError, connections, models, transaction
from django.db.models import NOT_PROVIDED, QuerySet, Value

from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.storages.selection import is_same_place

_PAGE_SIZE = 1000  # rows

AnyField: TypeAlias = "models.Field[Any, Any]"


class Column(NamedTuple):
    """The column of a field in one of the databases."""

    field: AnyField
    using: str

    def __str__(self) -> str:
        return f"{self.field.model._meta.label}.{self.field.name}"

    @property
    def rows(self) -> "QuerySet[Any]":
        # Not from a manager of the model, which may exclude or annotate rows.
        return QuerySet(self.field.model, using=self.using)

    def rows_with(self, name: str) -> "QuerySet[Any]":
        return self.rows.filter(**{self.field.attname: name})

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

    def lock(self, rows: "QuerySet[Any]") -> list[str | None]:
        """Lock these rows until the transaction ends, and return the names in them."""
        names = rows.order_by("pk").values_list(self.field.attname, flat=True)
        features = connections[self.using].features
        if features.has_select_for_update:
            # With NO KEY, rows that refer to the locked ones can still be inserted.
            return list(names.select_for_update(no_key=features.has_select_for_no_key_update))
        # SQLite has one lock, which any write takes, even one that changes nothing. If it is
        # requested only after a read, and somebody else has it, SQLite fails at once instead of
        # waiting.
        rows.update(**{self.field.attname: models.F(self.field.attname)})
        return list(names)


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


# -- which columns there are ----------------------------------------------------------------------


def media_fields(apps: Apps) -> list[BaseMediaField]:
    """Return the media fields of all models."""
    classes = apps.get_models(include_auto_created=True, include_swapped=True)
    fields = [field for model in classes for field in model._meta.local_fields]
    return [field for field in fields if isinstance(field, BaseMediaField)]


def fields_on(alias: str | None, apps: Apps) -> list[BaseMediaField]:
    """
    Return the media fields whose files are in the storage with an alias.

    The same name in a field of another storage is another file. But two aliases may be for the
    same bucket.
    """
    return [field for field in media_fields(apps) if is_same_place(field.storage_alias, alias)]


def fields_beside(field: BaseMediaField) -> list[BaseMediaField]:
    """Return the media fields that may name the files of a field, including itself."""
    return fields_on(field.storage_alias, field.model._meta.apps)


def require_same_storage(name: str, source: BaseMediaField, target: BaseMediaField) -> None:
    """Raise ``ValueError`` if a field would name a file of a field that has another storage."""
    if not is_same_place(source.storage_alias, target.storage_alias):
        raise ValueError(
            f"{name!r} is a file of {source}, which has another storage than {target}. To copy its"
            f" content, call obj.{target.name}.save(name, file)."
        )


def columns_of(fields: Iterable[AnyField], using: str | None = None) -> list[Column]:
    """
    Return the columns of these fields that exist, in one database or in all.

    A table or a column does not exist while a migration is pending. It may exist where routers
    allow no migrations.
    """
    schemas = [_Schema(alias) for alias in ([using] if using else connections)]
    return [
        Column(field, schema.using)
        for field in fields
        for schema in schemas
        if schema.has_column(field)
    ]


class _Schema:
    """What introspection finds in a database, which is asked only once."""

    def __init__(self, using: str) -> None:
        self.using = using
        self._introspection = connections[using].introspection
        with connections[using].cursor() as cursor:
            names = self._introspection.table_names(cursor, include_views=True)
        self._tables = {name.casefold() for name in names}
        self._columns: dict[str, set[str]] = {}

    def has_column(self, field: AnyField) -> bool:
        table = field.model._meta.db_table
        if '"' in table or "`" in table:
            return True  # the usual way to name a table of another schema, which is not listed
        table = self._introspection.identifier_converter(table)
        column = self._introspection.identifier_converter(str(field.column))
        return table.casefold() in self._tables and column.casefold() in self._columns_of(table)

    def _columns_of(self, table: str) -> set[str]:
        if table not in self._columns:
            with connections[self.using].cursor() as cursor:
                columns = self._introspection.get_table_description(cursor, table)
            self._columns[table] = {column.name.casefold() for column in columns}
        return self._columns[table]


# -- questions about names ------------------------------------------------------------------------


def default_names(fields: Iterable[BaseMediaField]) -> set[str]:
    """Return the names that are defaults of fields: new rows may name them at any time."""
    values = (value for field in fields for value in defaults_of(field).values())
    return {value for value in values if value and isinstance(value, str)}


def defaults_of(field: BaseMediaField) -> dict[str, Any]:
    """Return what ``default`` and ``db_default`` give to new rows, as far as they are set."""
    defaults: dict[str, Any] = {}
    if field.default is not NOT_PROVIDED:
        defaults["default"] = field.default() if callable(field.default) else field.default
    if (value := field.db_default) is not NOT_PROVIDED:
        defaults["db_default"] = value.value if isinstance(value, Value) else value
    return defaults


def find_referenced(names: Sequence[str], columns: Iterable[Column]) -> set[str]:
    """Query which of these names any row has now."""
    return set().union(*(column.find_names(names) for column in columns)) if names else set()


def is_referenced(field: BaseMediaField, name: str, using: str, except_pk: Any = None) -> bool:
    """
    Return whether a default, or a row in this database, names a file.

    ``except_pk`` is the primary key of a row whose value in this field does not count.
    """
    fields = fields_beside(field)
    if name in default_names(fields):
        return True
    columns = [Column(each, using) for each in fields]
    try:
        with _savepoint(using):
            return _is_in_any(columns, name, field, except_pk)
    except DatabaseError:
        existing = columns_of(fields, using)
        if existing == columns:
            raise
        return _is_in_any(existing, name, field, except_pk)


def _is_in_any(columns: Sequence[Column], name: str, field: BaseMediaField, except_pk: Any) -> bool:
    # One query: between two, a name could move from one field to another unseen.
    first, *others = (
        _names(column, name, except_pk if column.field is field else None) for column in columns
    )
    return (first.union(*others, all=True) if others else first).exists()


def _names(column: Column, name: str, except_pk: Any) -> "QuerySet[Any, Any]":
    rows = column.rows_with(name)
    if except_pk is not None:
        rows = rows.exclude(pk=except_pk)
    return rows.order_by().values_list(column.field.attname, flat=True)


def _savepoint(using: str) -> AbstractContextManager[None]:
    """Let a transaction continue after a failed query, if there is a transaction."""
    return transaction.atomic(using) if connections[using].in_atomic_block else nullcontext()
