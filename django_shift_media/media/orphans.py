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

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

from django.db import connections, models, router, transaction
from django.db.models import signals

from django_shift_media.media import stored_names
from django_shift_media.media.base_field import BaseMediaField


@dataclass(frozen=True)
class Deletion:
    """The deletion of an original after a commit, unless a row of any media field names it."""

    field: BaseMediaField
    name: str
    using: str
    row_is_locked: bool = False  # the row that stopped naming the file

    def schedule(self) -> None:
        """Run on commit. A failure is logged, and leaves the file in the storage."""
        transaction.on_commit(self.run, using=self.using, robust=True)

    def run(self) -> None:
        if not self._is_named():
            self.field.storage.delete(self.name)

    def _is_named(self) -> bool:
        # One query: between two, a name could move from one field to another unseen.
        fields = stored_names.media_fields(self.field, self.using)
        first, *others = (
            stored_names.names_in(field, self.using, name=self.name) for field in fields
        )
        return (first.union(*others, all=True) if others else first).exists()


def in_transaction(save_base: Callable[..., None]) -> Callable[..., None]:
    """Run ``Model.save_base()`` in a transaction, so that locks last until the row is saved."""

    @wraps(save_base)
    def save(instance: models.Model, *args: Any, using: str | None = None, **kwargs: Any) -> None:
        using = using or router.db_for_write(type(instance), instance=instance)
        is_nested = connections[using].in_atomic_block
        with nullcontext() if is_nested else transaction.atomic(using):
            save_base(instance, *args, using=using, **kwargs)

    return save


class OrphanTracker:
    """
    Receives the signals of the rows of one field, and schedules deletions.

    ``QuerySet.update()``, ``bulk_update()``, ``bulk_create()`` and raw SQL send no signals, so they
    are not tracked.
    """

    def __init__(self, field: BaseMediaField) -> None:
        self.field = field
        # The attribute in which an instance keeps its row's present name while it is saved.
        self._former = f"_{field.attname}_former"
        field.model.save_base = in_transaction(field.model.save_base)  # type: ignore[method-assign]
        self._connect(field.model)
        signals.class_prepared.connect(self._connect_subclass)

    def _connect_subclass(self, sender: type[models.Model], **kwargs: Any) -> None:
        # Signals are sent for the class of the instance, which may be a proxy or a child.
        if issubclass(sender, self.field.model):
            self._connect(sender)

    def _connect(self, model: type[models.Model]) -> None:
        signals.pre_save.connect(self._before_save, sender=model)
        signals.post_save.connect(self._after_save, sender=model)
        # Deleting a child also sends the signals of its parent, whose row has the field.
        if self.field.model in {model, model._meta.concrete_model}:
            signals.pre_delete.connect(self._before_delete, sender=model)
            signals.post_delete.connect(self._after_delete, sender=model)

    def _before_save(
        self,
        instance: models.Model,
        raw: bool,
        using: str,
        update_fields: frozenset[str] | None,
        **kwargs: Any,
    ) -> None:
        instance.__dict__.pop(self._former, None)
        own_names = {self.field.name, self.field.attname}
        if raw or (update_fields is not None and own_names.isdisjoint(update_fields)):
            return
        file = self.field.pre_save(instance, add=False)  # upload before others wait for the lock
        former = self._lock_row(instance, using)
        if file and file.name not in {former, stored_names.just_stored(self.field, instance)}:
            self._lock_rows_naming(file.name, using)
        instance.__dict__[self._former] = former

    def _lock_row(self, instance: models.Model, using: str) -> str | None:
        """Return the name in the row, which may have changed since the instance was loaded."""
        key = getattr(instance, self.field.model._meta.pk.attname)
        if key is None:
            return None
        return next(iter(stored_names.lock_names(self.field, using, pk=key)), None)

    def _lock_rows_naming(self, name: str, using: str) -> None:
        for field in stored_names.media_fields(self.field, using):
            if stored_names.lock_names(field, using, name=name):
                return
        if not self._was_named_by_locked_row(name, using):
            raise FileNotFoundError(
                f"{name!r} has been replaced or deleted since this {self.field.model.__name__} was"
                " loaded, so no row can name it any more. Call refresh_from_db(). To name a stored"
                " file that no row has named before, use QuerySet.update() or bulk_create()."
            )

    def _was_named_by_locked_row(self, name: str, using: str) -> bool:
        """Return whether this transaction has taken the name from a row, as when two rows swap."""
        pending = (run for _, run, *_ in connections[using].run_on_commit)
        deletions = (getattr(run, "__self__", None) for run in pending)
        return any(
            isinstance(deletion, Deletion) and deletion.row_is_locked and deletion.name == name
            for deletion in deletions
        )

    def _after_save(self, instance: models.Model, using: str, **kwargs: Any) -> None:
        if self._former not in instance.__dict__:
            return
        former = instance.__dict__.pop(self._former)
        name = getattr(instance, self.field.attname).name
        forget = partial(stored_names.forget, self.field, instance, name)
        transaction.on_commit(forget, using=using)
        if former and former != name:
            Deletion(self.field, former, using, row_is_locked=True).schedule()

    def _before_delete(self, instance: models.Model, using: str, **kwargs: Any) -> None:
        instance.__dict__[self._former] = self._lock_row(instance, using)

    def _after_delete(self, instance: models.Model, using: str, **kwargs: Any) -> None:
        if former := instance.__dict__.pop(self._former, None):
            Deletion(self.field, former, using, row_is_locked=True).schedule()
