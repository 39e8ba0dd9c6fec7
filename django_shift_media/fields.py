"""``MediaField``, the model field."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from os import PathLike
from typing import TYPE_CHECKING, Any, Self, get_args, overload

from django.apps import apps
from django.core import checks
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import Storage, default_storage
from django.db import models, router
from django.db.models.fields.files import FileDescriptor
from django.forms import Field as FormField
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from django_shift_media.engines.engine import ImageInfo
from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.forms import MediaFormField, check_content
from django_shift_media.media.field_checks import MAX_LENGTH, check_field
from django_shift_media.media.files import MediaFile
from django_shift_media.media.metadata import FileMetadata
from django_shift_media.media.orphans import Deletion, OrphanTracker
from django_shift_media.media.upload_validation import Kind, examine, placeholder
from django_shift_media.naming import keys
from django_shift_media.naming.resize_options import parse_focal_point
from django_shift_media.storages.selection import media_storage

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


def _is_admin_widget(widget: object) -> bool:
    """Say whether this is what the admin gives to any ``FileField``, which shows no picture."""
    if not apps.is_installed("django.contrib.admin"):
        return False
    from django.contrib.admin.widgets import AdminFileWidget

    return widget is AdminFileWidget


class MediaDescriptor(FileDescriptor):
    """Keeps the fields for width, height and placeholder true when another file is assigned."""

    field: "MediaField"

    def __set__(self, instance: models.Model, value: Any) -> None:
        # Nothing is there yet only in Model.__init__(), where each field gets its own value.
        if not self.field.fact_fields or self.field.attname not in instance.__dict__:
            super().__set__(instance, value)
            return
        unchanged = isinstance(value, str) and value == instance.__dict__[self.field.attname]
        # Asked before: a file that is assigned to two instances forgets about the first.
        facts = self.field.facts_of(value)
        super().__set__(instance, value)
        if not unchanged:
            self.field.write_facts(instance, facts)


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
    ``size_field``
        The name of an integer field that is kept at the file's size in bytes.
    ``placeholder_field``
        The name of a character field that is kept at what a page shows until the image has
        loaded, see ``Placeholder``. It needs ``max_length=44``, and the package ``thash``.
    ``focal_point_field``
        The name of a character field for what "fill" crops around: "30,70" is 30 per cent from
        the left and 70 from the top. Give it the validator ``validate_focal_point``.
    ``delete_orphans``
        Whether a file that is replaced or cleared, or whose row is deleted, is deleted once that
        is committed, unless another row names it. Off by default.

        No committed row is ever left without its file if rows come to name stored files by
        ``save()``, which locks. These do not: ``QuerySet.update()``, ``bulk_create()``,
        ``bulk_update()``, raw SQL, fixtures, fields without this option, and rows in other
        databases: with them, name no file that may be let go of at that very moment.

    ``warm``
        The names of presets that a queue's workers make of each upload, once it is committed.

    There is no ``upload_to`` and no ``storage``: keys are made by the package, and the setting
    ``SHIFT_MEDIA_STORAGE`` chooses the storage.
    """

    attr_class = MediaFile
    descriptor_class = MediaDescriptor

    if TYPE_CHECKING:
        # So that editors and type checkers know what ``obj.photo.resize(`` takes.
        @overload
        def __get__(self, instance: None, owner: Any) -> MediaDescriptor: ...
        @overload
        def __get__(self, instance: models.Model, owner: Any) -> MediaFile: ...
        @overload
        def __get__(self, instance: Any, owner: Any) -> Self: ...
        def __get__(self, instance: Any, owner: Any) -> Any: ...

    def __init__(
        self,
        verbose_name: Any = None,
        name: str | None = None,
        *,
        kind: Kind = "image",
        max_bytes: int | None = None,
        width_field: str | None = None,
        height_field: str | None = None,
        size_field: str | None = None,
        placeholder_field: str | None = None,
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
        self.size_field = size_field
        self.placeholder_field = placeholder_field
        self.focal_point_field = focal_point_field
        names = {fact: getattr(self, f"{fact}_field") for fact in FileMetadata._fields}
        # The model's fields that keep facts, by the fact.
        self.fact_fields: dict[str, str] = {fact: name for fact, name in names.items() if name}
        # No part of deconstruct(): the models of migrations delete no files.
        self.delete_orphans = delete_orphans
        self.warm = tuple(warm)  # nor do they enqueue anything
        kwargs.setdefault("max_length", MAX_LENGTH)
        super().__init__(verbose_name, name, **kwargs)

    @property
    def storage(self) -> Storage:
        # FileField looks at it while the field is made, when apps are not yet loaded.
        return media_storage() if hasattr(self, "model") else default_storage

    @storage.setter
    def storage(self, storage: object) -> None:
        """Ignore what ``FileField`` sets: the settings choose, at use."""

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for argument in ("upload_to", "storage", "max_length"):
            kwargs.pop(argument, None)
        defaults = {
            "kind": "image",
            "max_bytes": None,
            "width_field": None,
            "height_field": None,
            "size_field": None,
            "placeholder_field": None,
            "focal_point_field": None,
            "max_length": MAX_LENGTH,
        }
        for argument, default in defaults.items():
            if (value := getattr(self, argument)) != default:
                kwargs[argument] = value
        return name, path, args, kwargs

    def contribute_to_class(  # type: ignore[override]  # Django's own FileField takes **kwargs
        self, cls: type[models.Model], name: str, **kwargs: Any
    ) -> None:
        super().contribute_to_class(cls, name, **kwargs)
        if self.fact_fields and not cls._meta.abstract:
            # A file given to Model(...) is assigned before or after these fields are, in
            # their order; only now do all have their values.
            models.signals.post_init.connect(self._measure_new_file, sender=cls)
        if self.delete_orphans and not cls._meta.abstract:
            self._orphans = OrphanTracker(self)  # signals do not keep their receivers

    def generate_filename(
        self, instance: models.Model | None, filename: "str | PathLike[str]"
    ) -> str:
        return keys.new_original(str(filename), max_length=self.max_length)

    def formfield(self, **kwargs: Any) -> FormField | None:
        defaults: dict[str, Any] = {
            "form_class": MediaFormField,
            "kind": self.kind,
            "max_bytes": self.max_bytes,
            "focal_point_field": self.focal_point_field,
        }
        if _is_admin_widget(kwargs.get("widget")):
            del kwargs["widget"]
        # A long file name is shortened, not refused.
        return super().formfield(**{**defaults, **kwargs, "max_length": None})

    @cached_property
    def validators(self) -> list[Any]:
        return [*super().validators, self.validate_content]

    def validate_content(self, file: "File[Any]") -> None:
        """
        Be a validator, for what goes through no form field of ours: serializers, ``full_clean()``.

        Raise ``ValidationError`` for a new file that would be refused when it is saved.
        """
        if isinstance(file, MediaFile) and file._committed:
            return
        upload = file.file if isinstance(file, MediaFile) else file
        check_content(upload, kind=self.kind, max_bytes=self.max_bytes)

    def examine(self, file: "File[Any]") -> ImageInfo | None:
        return examine(file, kind=self.kind, max_bytes=self.max_bytes)

    # -- files that rows let go of ------------------------------------------------------------

    def just_stored(self, instance: models.Model) -> str | None:
        """Return a file that an instance has stored, and that no committed row has named yet."""
        name: str | None = instance.__dict__.get(f"_{self.attname}_stored")
        return name

    def note_stored(self, instance: models.Model, name: str) -> None:
        instance.__dict__[f"_{self.attname}_stored"] = name

    def forget_stored(self, instance: models.Model, name: str | None) -> None:
        if self.just_stored(instance) == name:
            instance.__dict__.pop(f"_{self.attname}_stored", None)

    def delete_on_commit(self, name: str, using: str) -> None:
        """
        Delete an original once all is committed, if no row of any ``MediaField`` names it then.

        A failure is logged, and leaves the file where it is.
        """
        Deletion(self, name, using).schedule()

    def media_fields(self, using: str) -> "Iterator[MediaField]":
        """Give this field, and all others whose models have tables in the same database."""
        yield self
        for model in self.model._meta.apps.get_models():
            if router.allow_migrate_model(using, model):
                fields = model._meta.local_fields
                yield from (f for f in fields if isinstance(f, MediaField) and f is not self)

    # -- width, height and others --------------------------------------------------------

    def read(self, instance: models.Model, name: str | None) -> Any:
        return getattr(instance, name) if name else None

    def read_facts(self, instance: models.Model) -> FileMetadata:
        return FileMetadata(
            **{fact: getattr(instance, name) for fact, name in self.fact_fields.items()}
        )

    def write_facts(self, instance: models.Model, facts: FileMetadata) -> None:
        for fact, name in self.fact_fields.items():
            setattr(instance, name, getattr(facts, fact))

    def measure(self, file: "File[Any]") -> FileMetadata:
        """Return what is to be kept of a file; raise as ``examine()``."""
        if not (info := self.examine(file)):
            return FileMetadata(size=file.size)
        shown = str(placeholder(file)) if self.placeholder_field else ""
        return FileMetadata(info.width, info.height, shown, file.size)

    def facts_of(self, value: Any) -> FileMetadata:
        """Return the facts about a value of this field, none where they take I/O to know."""
        if isinstance(value, MediaFile) and value._committed:
            return value.field.read_facts(value.instance)
        if isinstance(value, File) and value:
            upload = value.file if isinstance(value, MediaFile) else value
            with suppress(UnacceptableFile):  # it is refused when it is saved, with the reason
                return self.measure(upload)
        return FileMetadata()

    def _measure_new_file(self, instance: models.Model, **kwargs: Any) -> None:
        file = instance.__dict__.get(self.attname)
        if isinstance(file, File) and any(facts := self.facts_of(file)):
            self.write_facts(instance, facts)

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *check_field(self)]
