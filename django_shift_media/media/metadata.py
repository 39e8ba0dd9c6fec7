"""What a row keeps of its file, so that rendering a page requires no I/O."""

from contextlib import suppress
from typing import Any, NamedTuple

from django.core.files.base import File
from django.db import models

from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.media.files import MediaFile
from django_shift_media.media.upload_validation import make_placeholder, validate_upload
from django_shift_media.naming.original_names import clean_name


class FileMetadata(NamedTuple):
    """
    Upright width and height in pixels, the text of a ``Placeholder``, the size in bytes.

    ``name`` is the name that a person gave the file.
    """

    width: int | None = None
    height: int | None = None
    placeholder: str = ""
    size: int | None = None
    name: str = ""


class MetadataFields:
    """
    The model fields in which a ``MediaField`` keeps the metadata of its file.

    ``names`` maps items of ``FileMetadata`` to the names of these fields.
    """

    def __init__(self, field: BaseMediaField) -> None:
        self.field = field
        names = {item: getattr(field, f"{item}_field") for item in FileMetadata._fields}
        self.names: dict[str, str] = {item: name for item, name in names.items() if name}

    def read(self, instance: models.Model) -> FileMetadata:
        return FileMetadata(**{item: getattr(instance, name) for item, name in self.names.items()})

    def write(self, instance: models.Model, metadata: FileMetadata) -> None:
        for item, name in self.names.items():
            setattr(instance, name, getattr(metadata, item))

    def measure(self, file: "File[Any]", name: str | None = None) -> FileMetadata:
        """
        Decode a file and return its metadata; raise as ``validate_upload()`` does.

        ``name`` is the name that a person gave the file, by default that of ``file``.
        """
        name = self._shortened(name or file.name or "")
        info = validate_upload(file, kind=self.field.kind, max_bytes=self.field.max_bytes)
        if info is None:
            return FileMetadata(size=file.size, name=name)
        placeholder = str(make_placeholder(file)) if "placeholder" in self.names else ""
        return FileMetadata(info.width, info.height, placeholder, file.size, name)

    def _shortened(self, name: str) -> str:
        """Return a name that is not too long for its field."""
        if "name" not in self.names:
            return ""
        column = self.field.model._meta.get_field(self.names["name"])
        return clean_name(name, max_length=getattr(column, "max_length", None))

    def measure_value(self, value: Any) -> FileMetadata:
        """Return the metadata of a value of the field; of a stored file, without any I/O."""
        if isinstance(value, MediaFile) and value._committed:
            return value.field.metadata.read(value.instance)
        if isinstance(value, File) and value:
            upload = value.file if isinstance(value, MediaFile) else value
            with suppress(UnacceptableFile):  # saving it will raise this, with the reason
                return self.measure(upload)
        return FileMetadata()

    def measure_new_instance(self, instance: models.Model, **kwargs: Any) -> None:
        """Receive ``post_init``: measure a file that was given to ``Model(...)``."""
        file = instance.__dict__.get(self.field.attname)
        if isinstance(file, File) and any(metadata := self.measure_value(file)):
            self.write(instance, metadata)
