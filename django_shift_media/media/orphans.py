"""
``delete_orphans``: the files that rows let go of are deleted on commit.

Why no committed row is ever left without its file, whatever runs at the same time: a row is locked
before it lets go of a file, and a row that is to name a file which is stored already first locks
rows that name it. Both locks last until the commit. So from the moment of its lock to its commit
the new row has a committed row beside it that names the file, and afterwards it is one itself: once
no committed row names a file, none ever will again. Only then, after a commit, is it deleted.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from django.db import connections, models, router, transaction
from django.db.models import signals

if TYPE_CHECKING:
    from django_shift_media.fields import MediaField


@dataclass(frozen=True)
class Deletion:
    """The deletion of an original, due once a transaction is committed."""

    field: "MediaField"
    name: str
    using: str
    row_is_locked: bool = False  # the row that let go of it

    def schedule(self) -> None:
        """A failure will be logged, and leave the file where it is."""
        transaction.on_commit(self.run, using=self.using, robust=True)

    def run(self) -> None:
        if not self._is_named():
            self.field.storage.delete(self.name)

    def _is_named(self) -> bool:
        """Ask once: with a question for each field, a name could move from one to another."""
        fields = self.field.media_fields(self.using)
        first, *others = (rows(field, self.using, name=self.name) for field in fields)
        return (first.union(*others, all=True) if others else first).exists()


def rows(field: "MediaField", using: str, **where: Any) -> "models.QuerySet[Any, str | None]":
    """Give what rows of a field name, those of one ``pk`` or one ``name``."""
    if "name" in where:
        where[field.attname] = where.pop("name")
    found = field.model._base_manager.using(using).filter(**where)
    return found.order_by("pk").values_list(field.attname, flat=True)


def lock(field: "MediaField", using: str, **where: Any) -> list[str | None]:
    """Give what rows name, and let nobody else change them until the transaction ends."""
    found = rows(field, using, **where)
    features = connections[using].features
    if features.has_select_for_update:
        # Rows that refer to these may be inserted meanwhile, where the database can tell.
        return list(found.select_for_update(no_key=features.has_select_for_no_key_update))
    # SQLite has one lock, which a write takes, even one that changes nothing. Taken only after
    # reading, it fails at once if somebody else has it, instead of waiting.
    found.update(**{field.attname: models.F(field.attname)})
    return list(found)


def in_transaction(save_base: Callable[..., None]) -> Callable[..., None]:
    """Make ``Model.save_base()`` a transaction, where there is none, for locks to last."""

    @wraps(save_base)
    def save(instance: models.Model, *args: Any, using: str | None = None, **kwargs: Any) -> None:
        using = using or router.db_for_write(type(instance), instance=instance)
        is_in_one = connections[using].in_atomic_block
        with nullcontext() if is_in_one else transaction.atomic(using):
            save_base(instance, *args, using=using, **kwargs)

    return save


class OrphanTracker:
    """
    Watches the rows of one field being saved and deleted.

    What sends no signals is not seen: ``QuerySet.update()``, ``bulk_update()``,
    ``bulk_create()`` and raw SQL.
    """

    def __init__(self, field: "MediaField") -> None:
        self.field = field
        # Where an instance keeps, while it is saved or deleted, what its row names so far.
        self._former = f"_{field.attname}_former"
        field.model.save_base = in_transaction(field.model.save_base)  # type: ignore[method-assign]
        self._watch(field.model)
        signals.class_prepared.connect(self._watch_child)

    def _watch_child(self, sender: type[models.Model], **kwargs: Any) -> None:
        # Signals are sent for the very class of an instance, be it a proxy or a child.
        if issubclass(sender, self.field.model):
            self._watch(sender)

    def _watch(self, model: type[models.Model]) -> None:
        signals.pre_save.connect(self._before_save, sender=model)
        signals.post_save.connect(self._after_save, sender=model)
        # With a row of a child, its row of the field's own model is deleted, or kept.
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
        names = {self.field.name, self.field.attname}
        if raw or (update_fields is not None and names.isdisjoint(update_fields)):
            return
        file = self.field.pre_save(instance, add=False)  # upload first: others wait for the lock
        former = self._named_by_row(instance, using)
        if file and file.name not in {former, self.field.just_stored(instance)}:
            self._lock_rows_naming(file.name, using)
        instance.__dict__[self._former] = former

    def _named_by_row(self, instance: models.Model, using: str) -> str | None:
        """Ask the database: others may have replaced the file since the instance was loaded."""
        key = getattr(instance, self.field.model._meta.pk.attname)
        if key is None:
            return None
        return next(iter(lock(self.field, using, pk=key)), None)

    def _lock_rows_naming(self, name: str, using: str) -> None:
        for field in self.field.media_fields(using):
            if lock(field, using, name=name):
                return
        if not self._was_let_go_here(name, using):
            raise FileNotFoundError(
                f"{name!r} is gone, so no row may name it: it was replaced or deleted after this"
                f" {self.field.model.__name__} was loaded. Try refresh_from_db(). A file that no"
                " row has named yet is named by QuerySet.update() or bulk_create()."
            )

    def _was_let_go_here(self, name: str, using: str) -> bool:
        """Whether a row that this transaction has locked named a file, as when two rows swap."""
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
        transaction.on_commit(partial(self.field.forget_stored, instance, name), using=using)
        if former and former != name:
            Deletion(self.field, former, using, row_is_locked=True).schedule()

    def _before_delete(self, instance: models.Model, using: str, **kwargs: Any) -> None:
        instance.__dict__[self._former] = self._named_by_row(instance, using)

    def _after_delete(self, instance: models.Model, using: str, **kwargs: Any) -> None:
        if former := instance.__dict__.pop(self._former, None):
            Deletion(self.field, former, using, row_is_locked=True).schedule()
