"""``MediaField``, the model field."""

from collections.abc import Iterator, Sequence
from os import PathLike
from typing import Any, get_args

from django.core import checks
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import Storage, default_storage
from django.db import models, router, transaction
from django.db.models.fields.files import FileDescriptor
from django.forms import Field as FormField
from django.utils.translation import gettext_lazy as _

from django_shift_media import keys
from django_shift_media.conf import conf
from django_shift_media.engines import ImageInfo
from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.files import MediaFile
from django_shift_media.forms import MediaFormField
from django_shift_media.orphans import Orphans
from django_shift_media.resizes import parse_focal_point
from django_shift_media.storages import media_storage
from django_shift_media.uploads import Kind, examine

# Room for the longest key, and what every database indexes.
_MAX_LENGTH = 255

__all__ = ["MediaField", "MediaFile", "validate_focal_point"]


def validate_focal_point(text: str) -> None:
    """Be the validator of a ``focal_point_field``; raise ``ValidationError``."""
    try:
        parse_focal_point(text)
    except ValueError as error:
        raise ValidationError(
            _("“%(value)s” is no focal point, which is as in “30,70”, in per cent."),
            code="invalid",
            params={"value": text},
        ) from error


class MediaDescriptor(FileDescriptor):
    """Keeps the fields for width and height true when another file is assigned."""

    field: "MediaField"

    def __set__(self, instance: models.Model, value: Any) -> None:
        # Nothing is there yet only in Model.__init__(), where each field gets its own value.
        if not self.field.has_dimensions or self.field.attname not in instance.__dict__:
            super().__set__(instance, value)
            return
        unchanged = isinstance(value, str) and value == instance.__dict__[self.field.attname]
        # Asked before: a file that is assigned to two instances forgets about the first.
        dimensions = self.field.dimensions_of(value)
        super().__set__(instance, value)
        if not unchanged:
            self.field.write_dimensions(instance, dimensions)


class MediaField(models.FileField):
    """
    A file that a user uploads, kept in the media storage under a fresh, random key.

    ``kind``
        "image" (the default): content that is not an image of a known format is refused, and
        the name's extension is made true. "any": any file.
    ``max_bytes``
        The largest file that is accepted; an image must keep to ``SHIFT_MEDIA_MAX_BYTES``, too.
    ``width_field``, ``height_field``
        The names of integer fields that are kept at the image's upright size in pixels.
    ``focal_point_field``
        The name of a character field for what "fill" crops around: "30,70" is 30 per cent from
        the left and 70 from the top. Give it the validator ``validate_focal_point``.
    ``delete_orphans``
        Whether a file that is replaced or cleared, or whose row is deleted, is deleted once that
        is committed, unless another row names it. Off by default.
    ``warm``
        The names of presets that a queue's workers make of each upload, once it is committed.

    There is no ``upload_to`` and no ``storage``: keys are made by the package, and the setting
    ``SHIFT_MEDIA_STORAGE`` chooses the storage.
    """

    attr_class = MediaFile
    descriptor_class = MediaDescriptor

    def __init__(
        self,
        verbose_name: Any = None,
        name: str | None = None,
        *,
        kind: Kind = "image",
        max_bytes: int | None = None,
        width_field: str | None = None,
        height_field: str | None = None,
        focal_point_field: str | None = None,
        delete_orphans: bool = False,
        warm: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        for argument in ("upload_to", "storage"):
            if argument in kwargs:
                raise TypeError(
                    f"MediaField takes no {argument!r} (got {kwargs[argument]!r}): keys are made"
                    " by the package, the setting SHIFT_MEDIA_STORAGE chooses the storage."
                )
        if kind not in get_args(Kind):
            raise ValueError(f"kind is {kind!r}, must be one of: {', '.join(get_args(Kind))}.")
        self.kind: Kind = kind
        self.max_bytes = max_bytes
        self.width_field = width_field
        self.height_field = height_field
        self.focal_point_field = focal_point_field
        # No part of deconstruct(): the models of migrations delete no files.
        self.delete_orphans = delete_orphans
        self.warm = tuple(warm)  # nor do they enqueue anything
        kwargs.setdefault("max_length", _MAX_LENGTH)
        super().__init__(verbose_name, name, **kwargs)

    @property
    def storage(self) -> Storage:
        # FileField looks at it while the field is made, when apps are not yet loaded.
        return media_storage() if hasattr(self, "model") else default_storage

    @storage.setter
    def storage(self, storage: object) -> None:
        """Ignore what ``FileField`` sets: the settings choose, at use."""

    @property
    def has_dimensions(self) -> bool:
        return bool(self.width_field or self.height_field)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for argument in ("upload_to", "storage", "max_length"):
            kwargs.pop(argument, None)
        defaults = {
            "kind": "image",
            "max_bytes": None,
            "width_field": None,
            "height_field": None,
            "focal_point_field": None,
            "max_length": _MAX_LENGTH,
        }
        for argument, default in defaults.items():
            if (value := getattr(self, argument)) != default:
                kwargs[argument] = value
        return name, path, args, kwargs

    def contribute_to_class(  # type: ignore[override]  # Django's own FileField takes **kwargs
        self, cls: type[models.Model], name: str, **kwargs: Any
    ) -> None:
        super().contribute_to_class(cls, name, **kwargs)
        if self.has_dimensions and not cls._meta.abstract:
            # A file given to Model(...) is assigned before or after the two fields are, in
            # their order; only now do all have their values.
            models.signals.post_init.connect(self._measure_new_file, sender=cls)
        if self.delete_orphans and not cls._meta.abstract:
            self._orphans = Orphans(self)  # signals do not keep their receivers

    def generate_filename(
        self, instance: models.Model | None, filename: "str | PathLike[str]"
    ) -> str:
        return keys.new_original(str(filename), max_length=self.max_length)

    def formfield(self, **kwargs: Any) -> FormField | None:
        defaults: dict[str, Any] = {
            "form_class": MediaFormField,
            "kind": self.kind,
            "max_bytes": self.max_bytes,
        }
        # A long file name is shortened, not refused.
        return super().formfield(**{**defaults, **kwargs, "max_length": None})

    def examine(self, file: "File[Any]") -> ImageInfo | None:
        return examine(file, kind=self.kind, max_bytes=self.max_bytes)

    # -- files that rows let go of ------------------------------------------------------------

    def delete_on_commit(self, name: str, using: str) -> None:
        """
        Delete an original once all is committed, if no row of any ``MediaField`` names it then.

        A failure is logged, and leaves the file where it is.
        """

        def delete() -> None:
            if not any(field._names(name, using) for field in self._media_fields(using)):
                self.storage.delete(name)

        transaction.on_commit(delete, using=using, robust=True)

    def _media_fields(self, using: str) -> "Iterator[MediaField]":
        """Give this field, and all others whose models have tables in the same database."""
        yield self
        for model in self.model._meta.apps.get_models():
            if router.allow_migrate_model(using, model):
                fields = model._meta.local_fields
                yield from (f for f in fields if isinstance(f, MediaField) and f is not self)

    def _names(self, name: str, using: str) -> bool:
        return self.model._base_manager.using(using).filter(**{self.attname: name}).exists()

    # -- width and height ---------------------------------------------------------------------

    def read(self, instance: models.Model, name: str | None) -> Any:
        return getattr(instance, name) if name else None

    def write_dimensions(self, instance: models.Model, size: tuple[int, int] | None) -> None:
        width, height = size or (None, None)
        if self.width_field:
            setattr(instance, self.width_field, width)
        if self.height_field:
            setattr(instance, self.height_field, height)

    def dimensions_of(self, value: Any) -> tuple[int, int] | None:
        """Return width and height of a value of this field, None where they take I/O to know."""
        if isinstance(value, MediaFile) and value._committed:
            width, height = value.width, value.height
            return (width, height) if width and height else None
        if isinstance(value, File) and value:
            try:
                info = self.examine(value)
            except UnacceptableFile:
                return None  # refused when it is saved, with the reason
            return info.size if info else None
        return None

    def _measure_new_file(self, instance: models.Model, **kwargs: Any) -> None:
        file = instance.__dict__.get(self.attname)
        if isinstance(file, File) and (dimensions := self.dimensions_of(file)):
            self.write_dimensions(instance, dimensions)

    # -- checks -------------------------------------------------------------------------------

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        return [
            *super().check(**kwargs),
            *self._check_other_fields(),
            *self._check_max_length(),
            *self._check_warm(),
        ]

    def _check_other_fields(self) -> list[checks.CheckMessage]:
        names = {field.name for field in self.model._meta.get_fields()}
        return [
            checks.Error(
                f"{argument} is {getattr(self, argument)!r}, which is no field of the model.",
                hint=f"The fields are: {', '.join(sorted(names))}.",
                obj=self,
                id="shift_media.E101",
            )
            for argument in ("width_field", "height_field", "focal_point_field")
            if getattr(self, argument) not in {None, *names}
        ]

    def _check_warm(self) -> list[checks.CheckMessage]:
        return [
            checks.Error(
                f"warm has {name!r}, which is none of SHIFT_MEDIA_PRESETS.",
                hint=f"The presets are: {', '.join(conf.presets)}.",
                obj=self,
                id="shift_media.E105",
            )
            for name in self.warm
            if name not in conf.presets
        ]

    def _check_max_length(self) -> list[checks.CheckMessage]:
        if self.max_length is not None and self.max_length >= keys.SHORTEST_KEY_LENGTH:
            return []
        return [
            checks.Error(
                f"max_length is {self.max_length!r}, which is too short for a key.",
                hint=f"Leave it out ({_MAX_LENGTH}), or take {keys.SHORTEST_KEY_LENGTH} or more.",
                obj=self,
                id="shift_media.E102",
            )
        ]
