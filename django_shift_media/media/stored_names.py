"""Names of files that an instance has stored, and that no committed row names yet."""

from django.db import models

from django_shift_media.media.base_field import BaseMediaField


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
