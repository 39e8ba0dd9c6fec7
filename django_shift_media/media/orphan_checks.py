"""System checks of fields whose files may be deleted."""

from collections.abc import Iterator

from django.core import checks
from django.db import connections, models, router

from django_shift_media.media import references
from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.naming import keys

# New in Django 6.1.
_DB_CASCADE = getattr(models, "DB_CASCADE", None)


def check_orphans(field: BaseMediaField) -> Iterator[checks.CheckMessage]:
    yield from _check_defaults(field)
    yield from _check_cascades(field)
    yield from _check_index(field)


def _check_defaults(field: BaseMediaField) -> list[checks.CheckMessage]:
    try:
        defaults = references.defaults_of(field)
    except Exception:  # of a callable, which may need tables that are not there yet
        return []
    return [
        checks.Error(
            f"{argument} is {str(value)!r}, which is not the key of an original.",
            hint=(
                "Leave the field empty, with blank=True, and show a static file instead:"
                f" {{% if obj.{field.name} %}} … {{% else %}} … {{% endif %}}. Or upload the file"
                f" once, for example in the admin, and set {argument} to its name, which is"
                f" obj.{field.name}.name in Python."
            ),
            obj=field,
            id="shift_media.E106",
        )
        for argument, value in defaults.items()
        if value and not keys.is_original(str(value))
    ]


def _check_cascades(field: BaseMediaField) -> list[checks.CheckMessage]:
    if not field.delete_orphans or _DB_CASCADE is None:
        return []
    return [
        checks.Warning(
            f"delete_orphans has no effect when {relation.name!r} deletes rows, because DB_CASCADE"
            " sends no signals.",
            hint=f"Set on_delete=CASCADE for {relation.name!r}, or run clean_media_orphans.",
            obj=field,
            id="shift_media.W107",
        )
        for relation in field.model._meta.local_fields
        if relation.remote_field and relation.remote_field.on_delete is _DB_CASCADE
    ]


def _check_index(field: BaseMediaField) -> list[checks.CheckMessage]:
    model = field.model
    databases = [
        using
        for using in connections
        if connections[using].vendor == "mysql" and router.allow_migrate_model(using, model)
    ]
    if not databases or _is_indexed(field) or not _are_rows_locked(field):
        return []
    return [
        checks.Warning(
            f"{field.name!r} has no index. MySQL and MariaDB lock all rows of a table to find those"
            " with the same file, so that unrelated saves wait, or end in deadlocks.",
            hint=f"Set db_index=True for {field.name!r}.",
            obj=field,
            id="shift_media.W108",
        )
    ]


def _are_rows_locked(field: BaseMediaField) -> bool:
    # Rows of all media fields may name the file of a field with delete_orphans.
    return any(other.delete_orphans for other in references.media_fields(field.model._meta.apps))


def _is_indexed(field: BaseMediaField) -> bool:
    meta = field.model._meta
    indexes = [*meta.indexes, *meta.total_unique_constraints]
    names = [*(index.fields for index in indexes), *meta.unique_together]
    first = {each[0].removeprefix("-") for each in names if each}
    return field.db_index or field.unique or field.name in first
