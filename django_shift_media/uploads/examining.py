"""Examine a complete upload, as if the app had received it."""

from dataclasses import replace

from django.core.files.base import ContentFile

from django_shift_media.conf import conf
from django_shift_media.engines.engine import ImageInfo
from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.generation.worker_pool import worker_pool
from django_shift_media.media import focal_points
from django_shift_media.media.upload_validation import (
    clean_content,
    make_placeholder,
    read_video_facts,
    refusal,
    validate_upload,
)
from django_shift_media.media.upload_validators import run_validators
from django_shift_media.naming import keys
from django_shift_media.naming.formats import extension_of
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.stored_file import StoredFile
from django_shift_media.uploads.accepted import as_file
from django_shift_media.uploads.model_fields import model_field
from django_shift_media.uploads.tokens import AcceptedUpload, Upload


def examine(storage: MediaStorage, upload: Upload) -> AcceptedUpload:
    """
    Return what the form field gets; raise ``ValidationError`` for a file that is refused.

    Images are decoded whole, within the limits of the settings and of the worker pool. Raise
    ``Busy`` if its queue is full.
    """
    accepted = AcceptedUpload(
        label=upload.field.label,
        owner=upload.field.owner,
        key=upload.key,
        name=upload.name,
        size=upload.size,
    )
    if upload.field.kind == "image":
        accepted = _with_facts(accepted, storage, upload)
    elif upload.field.kind == "video":
        accepted = _with_video_facts(accepted, upload)
    run_validators(as_file(accepted))
    return _with_true_extension(accepted, storage)


def _with_facts(accepted: AcceptedUpload, storage: MediaStorage, upload: Upload) -> AcceptedUpload:
    with worker_pool().admit():
        content = _content(storage, upload)
        field = model_field(upload.field.label)
        info = _image_info(content, upload)
        has_placeholder = field and field.placeholder_field
        has_focal_point = field and field.focal_point_field and conf.focal_point
        return replace(
            accepted,
            format=info.format,
            width=info.width,
            height=info.height,
            placeholder=str(make_placeholder(content)) if has_placeholder else "",
            focal_point=focal_points.search(content) if has_focal_point else "",
        )


def _with_video_facts(accepted: AcceptedUpload, upload: Upload) -> AcceptedUpload:
    """Read the header of a video: a few ranges of the file."""
    file = as_file(accepted)
    clean_content(file, kind="video", max_bytes=upload.field.max_bytes)
    facts = read_video_facts(file)
    return replace(accepted, format=facts.format, width=facts.width, height=facts.height)


def _content(storage: MediaStorage, upload: Upload) -> "ContentFile[bytes]":
    try:
        data = storage.get(upload.key, max_bytes=conf.max_bytes)
    except UnacceptableFile as error:
        raise refusal(upload.name, error) from error
    return ContentFile(data, name=upload.name)


def _image_info(content: "ContentFile[bytes]", upload: Upload) -> ImageInfo:
    kind, max_bytes = upload.field.kind, upload.field.max_bytes
    clean_content(content, kind=kind, max_bytes=max_bytes)
    info = validate_upload(content, kind=kind, max_bytes=max_bytes)
    assert info is not None
    return info


def _with_true_extension(accepted: AcceptedUpload, storage: MediaStorage) -> AcceptedUpload:
    """Move an image whose extension is not that of its content: it decides the content type."""
    if accepted.format is None or extension_of(accepted.key) == accepted.format:
        return accepted
    name = keys.normalize_name(accepted.name, extension=accepted.format)
    file = StoredFile(storage, accepted.key)
    file.download_name = accepted.name  # type: ignore[attr-defined]  # for the storage
    key = storage.save(keys.new_original(name, max_length=len(accepted.key)), file)
    file.close()
    storage.delete(accepted.key)
    return replace(accepted, key=key)
