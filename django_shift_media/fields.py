"""``MediaField``, the model field."""

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Self, get_args, overload

from django.apps import apps
from django.core import checks
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import Storage, default_storage
from django.db import models
from django.db.models.fields.files import FileDescriptor
from django.forms import Field as FormField
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from django_shift_media.forms import MediaFormField
from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.media.field_checks import MAX_LENGTH, check_field
from django_shift_media.media.files import MediaFile
from django_shift_media.media.focal_points import fill_in_before_saving
from django_shift_media.media.metadata import MetadataFields
from django_shift_media.media.orphans import OrphanTracker
from django_shift_media.media.references import require_same_storage
from django_shift_media.media.upload_validation import Kind, clean_upload
from django_shift_media.naming import keys
from django_shift_media.naming.resize_options import parse_focal_point
from django_shift_media.storages.selection import media_storage

__all__ = ["MediaField", "MediaFile", "validate_focal_point"]


def validate_focal_point(text: str) -> None:
    """Validate a ``focal_point_field``, such as "30,70"; raise ``ValidationError``."""
    try:
        parse_focal_point(text)
    except ValueError as error:
        raise ValidationError(
            _("“%(value)s” is not a valid focal point. Use two percentages, such as “30,70”."),
            code="invalid",
            params={"value": text},
        ) from error


def _is_admin_widget(widget: object) -> bool:
    """Return whether this is the admin's widget for any ``FileField``, without a preview."""
    if not apps.is_installed("django.contrib.admin"):
        return False
    from django.contrib.admin.widgets import AdminFileWidget

    return widget is AdminFileWidget


class MediaDescriptor(FileDescriptor):
    """Updates the metadata fields when another file is assigned."""

    field: "MediaField"

    def __set__(self, instance: models.Model, value: Any) -> None:
        attname, metadata = self.field.attname, self.field.metadata
        is_deferred = attname not in instance.__dict__
        if not metadata.names or (is_deferred and instance._state.db is None):
            super().__set__(instance, value)  # in Model.__init__(), which sets each field by itself
        elif other := _reloaded_instance(instance, value):
            super().__set__(instance, value)
            metadata.copy(instance, other)
        elif not is_deferred and _is_same(instance.__dict__[attname], value):
            super().__set__(instance, value)
        else:
            # Measured first: assigning a file to a second instance makes it forget the first.
            measured = metadata.measure_value(value)
            super().__set__(instance, value)
            metadata.write(instance, measured)

    def fetch_many(self, instances: Iterable[models.Model]) -> None:
        """
        Load the file of several instances, of which it is deferred, with its metadata.

        Django (6.1 or newer, with ``FETCH_PEERS``) would load and assign only its name, as if it
        was another file.
        """
        attname = self.field.attname
        waiting = [
            each for each in instances if attname not in each.__dict__ and each.pk is not None
        ]
        if not waiting:
            return
        rows = type(waiting[0])._base_manager.using(waiting[0]._state.db)
        names = [self.field.name, *self.field.metadata.names.values()]
        loaded = rows.only(*names).in_bulk([each.pk for each in waiting])
        for instance in waiting:
            if instance.pk in loaded:
                setattr(instance, attname, getattr(loaded[instance.pk], attname))


def _reloaded_instance(instance: models.Model, value: Any) -> models.Model | None:
    """Return the instance from which Django copies a value that is deferred or refreshed."""
    if not isinstance(value, MediaFile) or not value._committed:
        return None
    other: models.Model = value.instance
    is_reloaded = other is not instance and type(other) is type(instance)
    return other if is_reloaded and other.pk is not None and other.pk == instance.pk else None


def _is_same(current: Any, value: Any) -> bool:
    """Return whether two values of the attribute are the same stored file, or both are empty."""
    names = [_stored_name(each) for each in (current, value)]
    return names[0] is not None and names[0] == names[1]


def _stored_name(value: Any) -> str | None:
    """Return the name of a stored file, "" for none, and None for an upload."""
    if isinstance(value, File):
        is_stored = isinstance(value, MediaFile) and value._committed
        return value.name or "" if is_stored else None
    return str(value or "")


class MediaField(BaseMediaField):
    """
    A file that a user uploads, kept in the media storage under a new, random key.

    ``kind``
        "image" (default): only images in the formats of ``SHIFT_MEDIA_FORMATS`` are accepted, and
        the extension of the file name is corrected. "any": every file is accepted. "video": only
        MP4, MOV, WebM and Matroska files are accepted, by what their headers say. "captions": only
        WebVTT files are accepted, of at most 5 MB.
    ``max_bytes``
        The maximum size of a file in bytes. For images, ``SHIFT_MEDIA_MAX_BYTES`` applies as well,
        for videos ``SHIFT_MEDIA_VIDEO_MAX_BYTES``.
    ``width_field``, ``height_field``
        Names of integer fields, which are set to the upright size of the image or video in pixels.
    ``size_field``
        The name of an integer field, which is set to the size of the file in bytes.
    ``placeholder_field``
        The name of a character field with ``max_length=44``, which is set to what a page shows
        until the image has loaded; see ``Placeholder``. This requires the package ``thash``.
    ``focal_point_field``
        The name of a character field for the point that "fill" crops around: "30,70" is 30 percent
        from the left and 70 percent from the top. Give it the validator ``validate_focal_point``.
        Another file empties it, unless it was set for this file. ``SHIFT_MEDIA_FOCAL_POINT`` fills
        it in for uploads.
    ``name_field``
        The name of a character field, which is set to the name that the user gave the file. The
        file's key has only a simplified form of it.
    ``alt_field``
        The name of a character field for the text that describes the picture to people who do not
        see it. It is the ``alt`` of the template tags, unless they are given another.
    ``duration_field``
        The name of a ``FloatField`` in seconds, or of a ``DurationField``, which is set to the
        duration of a video, or to None if its header does not say it.
    ``video_field``
        The name of a ``JSONField`` with ``default=dict``, in which workers keep the state of the
        renditions of a video.
    ``poster_field``
        The name of another media field, for images. If it has a file, that is the poster of the
        video, instead of a frame of it.
    ``delete_orphans``
        Whether a file that is replaced or cleared, or whose row is deleted, is deleted after the
        commit, unless another row or a default names it. The default is False.

        No committed row is left without its file, as long as rows start naming stored files by
        ``save()``, which locks. ``QuerySet.update()``, ``bulk_create()``, ``bulk_update()``, raw
        SQL, fixtures, fields without this option and rows in other databases do not lock: do not
        use them to name a file that may be deleted at the same time.
    ``warm``
        The names of presets. A queue's workers generate these resizes of each upload after the
        commit.
    ``direct``
        Whether browsers send files straight to the storage, in forms and in the admin. The default
        is False.

    ``storage``
        The alias in ``STORAGES`` of the media storage that has the files. The default is that of
        the setting ``SHIFT_MEDIA_STORAGE``. Migrations contain the alias if one is given, and never
        the storage or its options.

    There is no ``upload_to``, because the package generates the keys.
    """

    attr_class = MediaFile
    descriptor_class = MediaDescriptor
    # Without this, SQLite would copy the whole table for a change of the alias.
    non_db_attrs = (*BaseMediaField.non_db_attrs, "storage")

    if TYPE_CHECKING:
        # So that editors and type checkers know the arguments of ``obj.photo.resize()``.
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
        name_field: str | None = None,
        alt_field: str | None = None,
        duration_field: str | None = None,
        video_field: str | None = None,
        poster_field: str | None = None,
        delete_orphans: bool = False,
        warm: Sequence[str] = (),
        storage: str | None = None,
        direct: bool = False,
        **kwargs: Any,
    ) -> None:
        if "upload_to" in kwargs:
            raise TypeError(
                f"MediaField does not accept 'upload_to' (got {kwargs['upload_to']!r}). The package"
                " generates the keys."
            )
        if not isinstance(storage, str | None):
            raise TypeError(
                f"storage is {storage!r}. Use the alias of a media storage in STORAGES, such as"
                ' "private".'
            )
        if kind not in get_args(Kind):
            raise ValueError(f"Invalid kind {kind!r}, must be one of: {', '.join(get_args(Kind))}.")
        self.kind: Kind = kind
        self.max_bytes = max_bytes
        self.width_field = width_field
        self.height_field = height_field
        self.size_field = size_field
        self.placeholder_field = placeholder_field
        self.focal_point_field = focal_point_field
        self.name_field = name_field
        self.alt_field = alt_field
        self.duration_field = duration_field
        self.video_field = video_field
        self.poster_field = poster_field
        # Not part of deconstruct(): historical models of migrations delete and enqueue nothing.
        self.delete_orphans = delete_orphans
        self.warm = tuple(warm)
        self.storage_alias = storage
        self.direct = direct
        kwargs.setdefault("max_length", MAX_LENGTH)
        super().__init__(verbose_name, name, **kwargs)

    @property
    def storage(self) -> Storage:
        # FileField.__init__() reads this before the apps are loaded.
        return media_storage(self.storage_alias) if hasattr(self, "model") else default_storage

    @storage.setter
    def storage(self, storage: object) -> None:
        """Ignore what ``FileField`` sets: the alias selects the storage, at use."""

    def deconstruct(self) -> Any:
        # Not by FileField.deconstruct(), which creates the storage.
        name, path, args, kwargs = super(models.FileField, self).deconstruct()
        kwargs.pop("max_length", None)
        defaults = {
            "kind": "image",
            "max_bytes": None,
            "width_field": None,
            "height_field": None,
            "size_field": None,
            "placeholder_field": None,
            "focal_point_field": None,
            "name_field": None,
            "alt_field": None,
            "duration_field": None,
            "video_field": None,
            "poster_field": None,
            "max_length": MAX_LENGTH,
        }
        for argument, default in defaults.items():
            if (value := getattr(self, argument)) != default:
                kwargs[argument] = value
        # Without the alias, data migrations would store private files in the default storage.
        if self.storage_alias is not None:
            kwargs["storage"] = self.storage_alias
        return name, path, args, kwargs

    def contribute_to_class(  # type: ignore[override]  # Django's own FileField takes **kwargs
        self, cls: type[models.Model], name: str, **kwargs: Any
    ) -> None:
        super().contribute_to_class(cls, name, **kwargs)
        # Not in __init__(): an abstract model's field is copied for each model, but only shallowly.
        self.metadata = MetadataFields(self)
        if cls._meta.abstract:
            return
        if self.metadata.names:
            self.metadata.connect()
        if self.focal_point_field:
            fill_in_before_saving(self)
        if self.delete_orphans:
            OrphanTracker(self)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        file = super().pre_save(model_instance, add)
        if isinstance(file, MediaFile) and file.name:  # maybe of another field
            require_same_storage(file.name, file.field, self)
        return file

    def generate_filename(
        self, instance: models.Model | None, filename: "str | PathLike[str]"
    ) -> str:
        return keys.new_original(str(filename), max_length=self.max_length)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        is_upload = isinstance(value, File) and not getattr(value, "_committed", False)
        if is_upload and value:
            raise ValueError(
                f"{value.name or value!r} is an upload, and update() and bulk_update() do not store"
                " files."
                f" Assign it to the {self.name!r} of each instance, and call save()."
            )
        return super().get_db_prep_save(value, connection)

    def formfield(self, **kwargs: Any) -> FormField | None:
        defaults: dict[str, Any] = {
            "form_class": MediaFormField,
            "kind": self.kind,
            "max_bytes": self.max_bytes,
            "focal_point_field": self.focal_point_field,
        }
        if self.direct:
            defaults["direct"] = self.upload_label
        if _is_admin_widget(kwargs.get("widget")):
            del kwargs["widget"]
        # A long file name is shortened, so it needs no validation.
        return super().formfield(**{**defaults, **kwargs, "max_length": None})

    @cached_property
    def validators(self) -> list[Any]:
        return [self.validate_content, *super().validators]

    def run_validators(self, value: Any) -> None:
        # If the content is refused, other validators cannot say anything about it.
        if value not in self.empty_values:
            self.validate_content(value)
        super().run_validators(value)

    def validate_content(self, file: "File[Any]") -> None:
        """
        Validate a new file for ``full_clean()`` and serializers; raise ``ValidationError``.

        Saving a file that this refuses would raise ``UnacceptableFile``.
        """
        if isinstance(file, MediaFile) and file._committed:
            return
        upload = file.file if isinstance(file, MediaFile) else file
        clean_upload(upload, kind=self.kind, max_bytes=self.max_bytes)

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *check_field(self)]
