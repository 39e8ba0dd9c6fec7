"""What a row keeps of its file, so that rendering a page requires no I/O."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from functools import partial, wraps
from typing import Any, NamedTuple

from django.core.files.base import File
from django.db import models, router, transaction
from django.db.models import DurationField, signals

from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.media.files import MediaFile
from django_shift_media.media.references import Column
from django_shift_media.media.subclasses import for_each_class
from django_shift_media.media.upload_validation import (
    make_placeholder,
    read_video_facts,
    validate_upload,
)
from django_shift_media.naming.original_names import clean_name
from django_shift_media.storages.base import check_size


class FileMetadata(NamedTuple):
    """
    What belongs to a file, and changes with it.

    Upright width and height in pixels, the text of a ``Placeholder``, the size in bytes, the name
    that a person gave the file, the text of a focal point and, of a video, the duration in seconds
    and the state of its renditions, see ``video.states``.
    """

    width: int | None = None
    height: int | None = None
    placeholder: str = ""
    size: int | None = None
    name: str = ""
    focal_point: str = ""
    duration: float | timedelta | None = None
    video: Mapping[str, Any] | None = None


class MetadataFields:
    """
    The model fields in which a ``MediaField`` keeps the metadata of its file.

    ``names`` maps items of ``FileMetadata`` to the names of these fields.

    A focal point is chosen by people, before or after they choose the file. So a new file keeps one
    that was set for it, but not that of the file before it. To tell which it is, each instance has
    a note of the focal point that came with its present file.
    """

    def __init__(self, field: BaseMediaField) -> None:
        self.field = field
        names = {item: getattr(field, f"{item}_field") for item in FileMetadata._fields}
        self.names: dict[str, str] = {item: name for item, name in names.items() if name}
        self._measured = {item: name for item, name in self.names.items() if item != "focal_point"}
        self._note = f"_{field.attname}_focal_point"
        self._is_new = f"_{field.attname}_is_new"

    def connect(self) -> None:
        """Keep the fields true to the file in all instances of the model, and of its subclasses."""
        model: Any = self.field.model
        model.save_base = self._save_with_metadata(model.save_base)
        if self.field.video_field:
            model.save_base = self._save_without_video_state(model.save_base)
        if self.field.focal_point_field:
            model.refresh_from_db = self._refresh_and_note(model.refresh_from_db)
        # In Model.__init__(), fields are set in their order, so the metadata fields may be set
        # after the file. Only after it, all fields have their values.
        self._subclasses = for_each_class(
            model, lambda sender: signals.post_init.connect(self._measure_new, sender=sender)
        )

    # -- measuring --------------------------------------------------------------------------------

    def measure(self, file: "File[Any]", name: str | None = None) -> FileMetadata:
        """
        Decode a file and return its metadata; raise as ``validate_upload()`` does.

        ``name`` is the name that a person gave the file, by default that of ``file``.
        """
        name = self._shortened(name or file.name or "")
        if self.field.kind == "video":
            return self._measure_video(file, name)
        info = validate_upload(file, kind=self.field.kind, max_bytes=self.field.max_bytes)
        if info is None:
            return FileMetadata(size=file.size, name=name)
        placeholder = str(make_placeholder(file)) if "placeholder" in self.names else ""
        return FileMetadata(info.width, info.height, placeholder, file.size, name)

    def _measure_video(self, file: "File[Any]", name: str) -> FileMetadata:
        from django_shift_media.video.states import initial

        check_size(file.size, self.field.max_bytes)
        facts = read_video_facts(file)
        return FileMetadata(
            width=facts.width,
            height=facts.height,
            size=file.size,
            name=name,
            duration=facts.duration,
            video=initial(facts),
        )

    def _shortened(self, name: str) -> str:
        """Return a name that is not too long for its field."""
        if "name" not in self.names:
            return ""
        column = self.field.model._meta.get_field(self.names["name"])
        return clean_name(name, max_length=getattr(column, "max_length", None))

    def measure_value(self, value: Any) -> FileMetadata:
        """Return the metadata of a value of the field; of another row's file, what that row has."""
        if isinstance(value, MediaFile) and value._committed:
            return value.field.metadata.read(value.instance)
        if isinstance(value, File) and value:
            upload = value.file if isinstance(value, MediaFile) else value
            # Saving it will raise this, with the reason.
            with suppress(UnacceptableFile, MemoryError):
                return self.measure(upload)
        return FileMetadata()

    def read(self, instance: models.Model, names: Mapping[str, str] | None = None) -> FileMetadata:
        """Return the values of all fields, or of some, with one query for those deferred."""
        names = self.names if names is None else names
        if deferred := instance.get_deferred_fields().intersection(names.values()):
            instance.refresh_from_db(fields=deferred)
        return FileMetadata(**{item: getattr(instance, name) for item, name in names.items()})

    # -- writing ----------------------------------------------------------------------------------

    def write(self, instance: models.Model, metadata: FileMetadata) -> None:
        """Set the fields for another file, except a focal point that was set for it."""
        keeps_focal_point = self._has_file(instance) and self._is_focal_point_set(instance)
        self._write(instance, metadata, self._measured if keeps_focal_point else self.names)
        instance.__dict__[self._note] = metadata.focal_point
        instance.__dict__[self._is_new] = True

    def write_measured(self, instance: models.Model, metadata: FileMetadata) -> None:
        """Set the fields for the same file: all but the focal point."""
        self._write(instance, metadata, self._measured)

    def copy(self, instance: models.Model, other: models.Model) -> None:
        """
        Update the fields from another instance of the same row, as the file was loaded by that.

        Fields that are deferred remain so. A focal point that was set is kept.
        """
        names = {item: name for item, name in self.names.items() if name in instance.__dict__}
        metadata = self.read(other, names)
        if self._is_focal_point_set(instance):
            names.pop("focal_point")
        self._write(instance, metadata, names)
        instance.__dict__[self._note] = metadata.focal_point

    def _write(
        self, instance: models.Model, metadata: FileMetadata, names: Mapping[str, str]
    ) -> None:
        for item, name in names.items():
            setattr(instance, name, self._value(item, name, getattr(metadata, item)))

    def _value(self, item: str, name: str, value: Any) -> Any:
        """Return an item as its field has it."""
        if item == "video":
            return deepcopy(value) if value else {}
        if item == "duration" and isinstance(value, float):
            column = self.field.model._meta.get_field(name)
            return timedelta(seconds=value) if isinstance(column, DurationField) else value
        return value

    # -- the focal point --------------------------------------------------------------------------

    def _has_file(self, instance: models.Model) -> bool:
        return bool(instance.__dict__.get(self.field.attname, "deferred"))

    def _is_focal_point_set(self, instance: models.Model) -> bool:
        text = instance.__dict__.get(self.field.focal_point_field or "")
        return bool(text) and text != instance.__dict__.get(self._note)

    def _note_focal_point(self, instance: models.Model) -> None:
        """Note that the focal point belongs to the present file; without a file, to the next."""
        if name := self.field.focal_point_field:
            text = instance.__dict__.get(name) if self._has_file(instance) else ""
            instance.__dict__[self._note] = text

    # -- receivers and wrappers -------------------------------------------------------------------

    def _measure_new(self, instance: models.Model, **kwargs: Any) -> None:
        """Receive ``post_init``: measure a file that was given to ``Model(...)``."""
        file = instance.__dict__.get(self.field.attname)
        if isinstance(file, File) and any(metadata := self.measure_value(file)):
            self.write(instance, metadata)
        else:
            self._note_focal_point(instance)

    def _refresh_and_note(self, refresh_from_db: Callable[..., None]) -> Callable[..., None]:
        """
        Wrap ``Model.refresh_from_db()``, which also loads deferred fields.

        A focal point from the database belongs to the present file: nobody has set it for another.
        """

        @wraps(refresh_from_db)
        def refresh(instance: models.Model, *args: Any, **kwargs: Any) -> None:
            refresh_from_db(instance, *args, **kwargs)
            fields = args[1] if len(args) > 1 else kwargs.get("fields")
            if fields is None or self.field.focal_point_field in fields:
                self._note_focal_point(instance)

        return refresh

    def _save_with_metadata(self, save_base: Callable[..., None]) -> Callable[..., None]:
        """Wrap ``Model.save_base()``, to save the metadata fields whenever it saves the file."""

        @wraps(save_base)
        def save(
            instance: models.Model,
            *args: Any,
            update_fields: frozenset[str] | None = None,
            **kwargs: Any,
        ) -> None:
            if update_fields and {self.field.name, self.field.attname} & update_fields:
                # Those that are deferred have not changed, and neither has the file.
                update_fields |= instance.__dict__.keys() & self.names.values()
            save_base(instance, *args, update_fields=update_fields, **kwargs)
            if update_fields is None or self.field.focal_point_field in update_fields:
                self._note_focal_point(instance)

        return save

    def _save_without_video_state(self, save_base: Callable[..., None]) -> Callable[..., None]:
        """
        Wrap ``Model.save_base()``, to leave the state of a video to the workers.

        The instance may have an older state, from before its row was shown in a form. Only a new
        file, or ``update_fields`` that names the field, writes the state.
        """

        @wraps(save_base)
        def save(
            instance: models.Model,
            *args: Any,
            using: str | None = None,
            update_fields: frozenset[str] | None = None,
            **kwargs: Any,
        ) -> None:
            using = using or router.db_for_write(type(instance), instance=instance)
            save_row = partial(
                save_base, instance, *args, using=using, update_fields=update_fields, **kwargs
            )
            if update_fields is None and self._has_same_video(instance):
                with transaction.atomic(using):
                    self._load_video_state(instance, using)
                    save_row()
            else:
                save_row()
            instance.__dict__.pop(self._is_new, None)

        return save

    def _has_same_video(self, instance: models.Model) -> bool:
        """Return whether the file is the one that was loaded, with its state."""
        values = instance.__dict__
        is_loaded = self.names["video"] in values and values.get(self.field.attname)
        return bool(is_loaded and not instance._state.adding and self._is_new not in values)

    def _load_video_state(self, instance: models.Model, using: str) -> None:
        """Lock the row, and set the state that it has now."""
        name, column = self.names["video"], Column(self.field, using)
        file = str(instance.__dict__[self.field.attname])
        rows = column.rows_with(file).filter(pk=instance.pk)
        if column.lock(rows):
            instance.__dict__[name] = rows.values_list(name, flat=True).get()
