"""Which stored files the rows of media fields name, and files that no row names yet."""

from collections.abc import Iterator
from typing import Any

from django.db import connections, models, router

from django_shift_media.media.base_field import BaseMediaField


def media_fields(field: BaseMediaField, using: str) -> Iterator[BaseMediaField]:
    """Yield a field, and all other media fields whose models have tables in a database."""
    yield field
    for model in field.model._meta.apps.get_models():
        if router.allow_migrate_model(using, model):
            for other in model._meta.local_fields:
                if isinstance(other, BaseMediaField) and other is not field:
                    yield other


def names_in(
    field: BaseMediaField, using: str, **lookup: Any
) -> "models.QuerySet[Any, str | None]":
    """Return the names in a field of the rows with a ``pk``, or with a ``name``."""
    if "name" in lookup:
        lookup[field.attname] = lookup.pop("name")
    rows = field.model._base_manager.using(using).filter(**lookup)
    return rows.order_by("pk").values_list(field.attname, flat=True)


def lock_names(field: BaseMediaField, using: str, **lookup: Any) -> list[str | None]:
    """Return what ``names_in()`` returns, and lock these rows until the transaction ends."""
    names = names_in(field, using, **lookup)
    features = connections[using].features
    if features.has_select_for_update:
        # With NO KEY, rows that refer to the locked ones can still be inserted.
        return list(names.select_for_update(no_key=features.has_select_for_no_key_update))
    # SQLite has one lock, which any write takes, even one that changes nothing. If it is requested
    # only after a read, and somebody else has it, SQLite fails at once instead of waiting.
    names.update(**{field.attname: models.F(field.attname)})
    return list(names)


# A file that an instance has stored, and that no committed row names yet, is noted on it.


def just_stored(field: BaseMediaField, instance: models.Model) -> str | None:
    """Return the name of the file that an instance has stored since its last commit."""
    name: str | None = instance.__dict__.get(_attribute(field))
    return name


def note(field: BaseMediaField, instance: models.Model, name: str) -> None:
    instance.__dict__[_attribute(field)] = name


def forget(field: BaseMediaField, instance: models.Model, name: str | None) -> None:
    if just_stored(field, instance) == name:
        instance.__dict__.pop(_attribute(field), None)


def _attribute(field: BaseMediaField) -> str:
    return f"_{field.attname}_stored"
