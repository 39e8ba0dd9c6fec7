"""A system check of the names in rows: a field whose class was changed still has the old ones."""

from collections.abc import Collection, Iterator

from django.core import checks
from django.db import DatabaseError, connections
from django.db.models import Q

from django_shift_media.media import references
from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.media.references import Column
from django_shift_media.naming import foreign_names, keys

# Of the oldest and of the newest rows. ``clean_media_orphans --missing`` reads all of them.
_MOST_ROWS = 100


def check_names(
    fields: Collection[BaseMediaField], databases: Collection[str]
) -> Iterator[checks.CheckMessage]:
    """Yield a warning for each field with names that are not keys, in a sample of its rows."""
    for using in databases:
        try:
            columns = references.columns_of(fields, using)
            yield from (message for column in columns for message in _check_column(column))
        except DatabaseError:  # no connection; Django's own checks and commands report it
            connections[using].close()


def _check_column(column: Column) -> Iterator[checks.CheckMessage]:
    name = _find_foreign_name(column)
    if name is None:
        return
    yield checks.Warning(
        f"{column} has names that are not keys in the database {column.using!r}, such as"
        f" {name!r}. {foreign_names.explain(name)}",
        hint=(
            "If you have changed the class of this field, change it back, add a MediaField beside"
            " it, and run: manage.py import_media FROM TO --write-migrations. To list such rows,"
            " run: manage.py clean_media_orphans --missing"
        ),
        obj=column.field,
        id="shift_media.W109",
    )


def _find_foreign_name(column: Column) -> str | None:
    attname = column.field.attname
    rows = column.rows.exclude(Q(**{attname: ""}) | Q(**{attname: None}))
    for order in ("pk", "-pk"):
        for name in rows.order_by(order).values_list(attname, flat=True)[:_MOST_ROWS]:
            if not keys.is_original(name):
                return str(name)
    return None
