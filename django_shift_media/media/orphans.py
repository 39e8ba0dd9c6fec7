"""
``delete_orphans``: files are deleted on commit once no row names them.

No committed row is ever left without its file, whatever runs at the same time:

- A row is locked before it stops naming a file.
- Before a row starts naming a file that is stored already, rows that name it are locked.
- Both locks last until the commit.

So between its lock and its commit, the new row has a committed row beside it that names the file,
and after its commit it is such a row itself. Once no committed row names a file, no row ever will
again. Only then, after a commit, the file is deleted.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

from django.db import connections, models, transaction
from django.db.models import signals

from django_shift_media.media import references, stored_names
from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.media.references import Column
from django_shift_media.media.subclasses import for_each_class


@dataclass(frozen=True)
class Deletion:
    """
    The deletion of an original after a commit, unless a default or a row names it.

    ``except_pk`` is the primary key of a row whose value in this field does not count.
    """

    field: BaseMediaField
    name: str
    using: str
    row_is_locked: bool = False  # the row that stopped naming the file
    except_pk: Any = None

    def schedule(self) -> None:
        """Run on commit. A failure is logged, and leaves the file in the storage."""
        transaction.on_commit(self.run, using=self.using, robust=True)

    def run(self) -> None:
        if not references.is_referenced(self.field, self.name, self.using, self.except_pk):
            self.field.storage.delete(self.name)


class OrphanTracker:
    """
    Follows the rows of one field, and schedules deletions.

    ``QuerySet.update()``, ``bulk_update()``, ``bulk_create()`` and raw SQL are not tracked: they
    neither save instances nor send signals.
    """

    def __init__(self, field: BaseMediaField) -> None:
        self.field = field
        # The attribute in which an instance keeps its row's present name while it is deleted.
        self._former = f"_{field.attname}_former"
        # Not the signal pre_save: its receivers may still replace or refuse an upload.
        model: Any = field.model
        model._save_table = self._track(model._save_table)
        self._subclasses = for_each_class(model, self._connect)

    def _connect(self, model: type[models.Model]) -> None:
        # Signals are sent for the class of the instance, which may be a proxy or a child. Deleting
        # a child also sends the signals of its parent, whose row has the field.
        if self.field.model in {model, model._meta.concrete_model}:
            signals.pre_delete.connect(self._before_delete, sender=model)
            signals.post_delete.connect(self._after_delete, sender=model)

    # -- saving -----------------------------------------------------------------------------------

    def _track(self, save_table: Callable[..., bool]) -> Callable[..., bool]:
        """Wrap ``Model._save_table()``, which writes the row of an instance in one table."""

        @wraps(save_table)
        def save(
            instance: models.Model,
            raw: bool = False,
            cls: type[models.Model] | None = None,
            force_insert: bool = False,
            force_update: bool = False,
            using: str = "",
            update_fields: frozenset[str] | None = None,
        ) -> bool:
            write = partial(
                save_table, instance, raw, cls, force_insert, force_update, using, update_fields
            )
            if raw or cls is not self.field.model or not _is_saved(self.field, update_fields):
                return write()
            _store_uploads(instance, cls, update_fields)  # before others wait for the lock
            with _transaction(using):
                return self._save(instance, write, using)

        return save

    def _save(self, instance: models.Model, write: Callable[[], bool], using: str) -> bool:
        former = self._lock_row(instance, using)
        name = getattr(instance, self.field.attname).name
        if name and name not in {former, stored_names.just_stored(self.field, instance)}:
            self._lock_rows_naming(name, using)
        is_updated = write()
        forget = partial(stored_names.forget, self.field, instance, name)
        transaction.on_commit(forget, using=using)
        if former and former != name:
            Deletion(self.field, former, using, row_is_locked=True).schedule()
        return is_updated

    def _lock_row(self, instance: models.Model, using: str) -> str | None:
        """Return the name in the row, which may have changed since the instance was loaded."""
        meta = self.field.model._meta
        if not instance._is_pk_set(meta):  # type: ignore[attr-defined]
            return None
        column = Column(self.field, using)
        key = getattr(instance, meta.pk.attname)
        return next(iter(column.lock(column.rows.filter(pk=key))), None)

    def _lock_rows_naming(self, name: str, using: str) -> None:
        fields = references.fields_beside(self.field)
        if name in references.default_names(fields):
            return  # It is never deleted, and many rows may name it.
        own = Column(self.field, using)
        if own.lock(own.rows_with(name)):
            return
        for column in references.columns_of(fields, using):
            if column != own and column.lock(column.rows_with(name)):
                return
        if not _was_named_by_locked_row(fields, name, using):
            raise FileNotFoundError(
                f"{name!r} has been replaced or deleted since this {self.field.model.__name__} was"
                " loaded, so no row can name it any more. Call refresh_from_db(). To name a stored"
                " file that no row has named before, use QuerySet.update() or bulk_create()."
            )

    # -- deleting ---------------------------------------------------------------------------------

    def _before_delete(self, instance: models.Model, using: str, **kwargs: Any) -> None:
        instance.__dict__[self._former] = self._lock_row(instance, using)

    def _after_delete(self, instance: models.Model, using: str, **kwargs: Any) -> None:
        if former := instance.__dict__.pop(self._former, None):
            Deletion(self.field, former, using, row_is_locked=True).schedule()


def _was_named_by_locked_row(fields: Sequence[BaseMediaField], name: str, using: str) -> bool:
    """Return whether this transaction has taken the name from a row, as when two rows swap."""
    pending = (run for _, run, *_ in connections[using].run_on_commit)
    deletions = (getattr(run, "__self__", None) for run in pending)
    return any(
        isinstance(deletion, Deletion)
        and deletion.row_is_locked
        and deletion.name == name
        and deletion.field in fields
        for deletion in deletions
    )


def _is_saved(field: BaseMediaField, update_fields: frozenset[str] | None) -> bool:
    return update_fields is None or not update_fields.isdisjoint({field.name, field.attname})


def _store_uploads(
    instance: models.Model, model: type[models.Model], update_fields: frozenset[str] | None
) -> None:
    for field in model._meta.local_fields:
        if isinstance(field, BaseMediaField) and _is_saved(field, update_fields):
            field.pre_save(instance, add=False)


def _transaction(using: str) -> AbstractContextManager[None]:
    """Make locks last until the row is saved: open a transaction unless there is one."""
    return nullcontext() if connections[using].in_atomic_block else transaction.atomic(using)
