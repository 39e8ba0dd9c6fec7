"""``BaseMediaField``: what the modules of ``media`` know of a ``MediaField``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import models

from django_shift_media.media.upload_validation import Kind

if TYPE_CHECKING:
    from django_shift_media.media.metadata import MetadataFields


class BaseMediaField(models.FileField):
    """The base of ``MediaField``, which sets these attributes and documents its arguments."""

    kind: Kind
    max_bytes: int | None
    width_field: str | None
    height_field: str | None
    size_field: str | None
    placeholder_field: str | None
    focal_point_field: str | None
    name_field: str | None
    alt_field: str | None
    duration_field: str | None
    video_field: str | None
    poster_field: str | None
    delete_orphans: bool
    db_index: bool
    warm: Sequence[str]
    storage_alias: str | None
    direct: bool
    metadata: "MetadataFields"

    @property
    def upload_label(self) -> str:
        """Name the field in the tokens of direct uploads, such as "gallery.photo.photo"."""
        return f"{self.model._meta.label_lower}.{self.name}"
