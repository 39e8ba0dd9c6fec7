"""The model field behind the label of an upload."""

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage


def model_field(label: str) -> BaseMediaField | None:
    """Return the model field with a label; None for a form field without a model."""
    model, _, name = label.rpartition(".")
    try:
        field = apps.get_model(model)._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist):
        return None
    return field if isinstance(field, BaseMediaField) else None


def storage_for(label: str) -> MediaStorage:
    """Return the storage that takes the uploads of a field."""
    field = model_field(label)
    return media_storage() if field is None else field.storage  # type: ignore[return-value]
