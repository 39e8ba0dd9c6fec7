"""``delete_orphans``: the files that rows let go of are deleted on commit."""

from typing import TYPE_CHECKING, Any

from django.db import connections, models
from django.db.models import signals

if TYPE_CHECKING:
    from django_shift_media.fields import MediaField


class Orphans:
    """
    Watches the rows of one field being saved and deleted.

    What sends no signals is not seen: ``QuerySet.update()``, ``bulk_update()`` and raw SQL.
    """

    def __init__(self, field: "MediaField") -> None:
        self.field = field
        # Where an instance keeps, while it is saved or deleted, what its row names so far.
        self._former = f"_{field.attname}_former"
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
        former = self._named_by_row(instance, using)
        file = getattr(instance, self.field.attname)
        if file and file._committed and file.name != former:
            self._refuse_if_gone(file.name)
        instance.__dict__[self._former] = former

    def _named_by_row(self, instance: models.Model, using: str) -> str | None:
        """Ask the database: others may have replaced the file since the instance was loaded."""
        rows = self.field.model._base_manager.using(using)
        if connections[using].in_atomic_block:
            rows = rows.select_for_update()  # nor do they until this is committed
        key = getattr(instance, self.field.model._meta.pk.attname)
        return next(iter(rows.filter(pk=key).values_list(self.field.attname, flat=True)), None)

    def _refuse_if_gone(self, name: str) -> None:
        if not self.field.storage.exists(name):
            raise FileNotFoundError(
                f"{name!r} is gone, so no row may name it: it was replaced or deleted after this"
                f" {self.field.model.__name__} was loaded. Try refresh_from_db()."
            )

    def _after_save(self, instance: models.Model, using: str, **kwargs: Any) -> None:
        former = instance.__dict__.pop(self._former, None)
        if former and former != getattr(instance, self.field.attname).name:
            self.field.delete_on_commit(former, using)

    def _before_delete(self, instance: models.Model, using: str, **kwargs: Any) -> None:
        instance.__dict__[self._former] = self._named_by_row(instance, using)

    def _after_delete(self, instance: models.Model, using: str, **kwargs: Any) -> None:
        if former := instance.__dict__.pop(self._former, None):
            self.field.delete_on_commit(former, using)
