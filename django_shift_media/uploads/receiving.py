"""The steps of an upload: begin, send parts, complete."""

import logging
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.forms import FileField

from django_shift_media.conf import conf
from django_shift_media.engines.decode.sniff import unaccepted_file_error
from django_shift_media.engines.selection import engine_options
from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.generation import prewarm
from django_shift_media.media.claims import is_claimed
from django_shift_media.media.upload_validation import refusal
from django_shift_media.naming import keys
from django_shift_media.naming.original_names import clean_name
from django_shift_media.naming.resize_options import parse_focal_point
from django_shift_media.storages.base import MediaStorage, check_size
from django_shift_media.storages.erasure import erase_upload, tombstone_of
from django_shift_media.storages.multipart import (
    MAX_SIZE,
    MultipartUploads,
    Part,
    expected_parts,
)
from django_shift_media.uploads.examining import examine
from django_shift_media.uploads.model_fields import model_field, storage_for
from django_shift_media.uploads.slots import release_slot, renew_slot, take_slot
from django_shift_media.uploads.tokens import AcceptedUpload, Upload, UploadField

logger = logging.getLogger("django_shift_media")


class IncompleteUpload(Exception):
    """The storage has other parts than the upload should have."""


def begin(field: UploadField, name: str, size: int, declared_type: str) -> Upload:
    """
    Begin an upload, and return it.

    Raise ``ValidationError``, with the message of the form, for a file that would be refused, and
    ``Busy`` if the owner has too many uploads in flight.
    """
    name = clean_name(name)
    _check_declared(field, name, size, declared_type)
    found = model_field(field.label)
    key = keys.new_original(name, max_length=found.max_length if found else None)
    multipart = multipart_of(field)
    slot = take_slot(field.owner, key)
    try:
        id = multipart.begin(key, name)
    except BaseException:
        release_slot(field.owner, slot, key)
        raise
    return Upload(field=field, key=key, id=id, name=name, size=size, slot=slot)


def _check_declared(field: UploadField, name: str, size: int, declared_type: str) -> None:
    """Refuse at once what the examination would refuse; the declaration may still be a lie."""
    if not size:
        raise ValidationError(FileField.default_error_messages["empty"], code="empty")
    try:
        check_size(size, MAX_SIZE if field.max_bytes is None else field.max_bytes)
        if field.kind == "image":
            check_size(size, conf.max_bytes)
            # Browsers do not know the types of all image formats, and then send none.
            if declared_type and not declared_type.startswith(("image/", "application/octet-")):
                raise unaccepted_file_error(b"", engine_options())
    except UnacceptableFile as error:
        raise refusal(name, error) from error


def multipart_of(field: UploadField) -> MultipartUploads:
    """Return the uploads of the storage for a field; raise ``FileNotFoundError`` without any."""
    multipart = storage_for(field.label).multipart
    if multipart is None:
        raise FileNotFoundError(f"The storage of {field.label} takes no direct uploads.")
    return multipart


def requested_parts(upload: Upload, numbers: Iterable[int]) -> list[Part]:
    """Return the parts of an upload with these numbers; raise ``ValueError`` for another."""
    expected = {part.number: part for part in expected_parts(upload.size)}
    renew_slot(upload.field.owner, upload.slot, upload.key)
    try:
        return [expected[number] for number in numbers]
    except KeyError as error:
        raise ValueError(f"The upload has no part {error}.") from error


def present_parts(upload: Upload) -> list[Part]:
    """Return the parts that have arrived, to resume; raise ``FileNotFoundError`` if it is over."""
    renew_slot(upload.field.owner, upload.slot, upload.key)
    return multipart_of(upload.field).parts(upload.key, upload.id)


def abort(upload: Upload) -> None:
    """Delete the parts. A complete file stays, as a row may name it."""
    multipart_of(upload.field).abort(upload.key, upload.id)
    release_slot(upload.field.owner, upload.slot, upload.key)


def complete(upload: Upload) -> AcceptedUpload:
    """
    Complete an upload, and examine the file.

    Can be repeated if the response was lost. Raise ``IncompleteUpload`` for other parts than those
    that were signed, ``FileNotFoundError`` if the upload was aborted or erased, and
    ``ValidationError`` if the file is refused; then it is deleted.
    """
    storage = storage_for(upload.field.label)
    _assemble(storage, upload)
    try:
        accepted = examine(storage, upload)
    except ValidationError:
        # A second request may come after a row was saved, and the scanner may know more by then.
        if not is_claimed(storage, upload.key, model_field(upload.field.label)):
            storage.delete(upload.key)
        release_slot(upload.field.owner, upload.slot, upload.key)
        raise
    release_slot(upload.field.owner, upload.slot, upload.key)
    _require_not_erased(storage, upload, accepted.key)
    _prewarm(accepted)
    return accepted


def _assemble(storage: MediaStorage, upload: Upload) -> None:
    multipart = multipart_of(upload.field)
    try:
        parts = multipart.parts(upload.key, upload.id)
        if [part[:2] for part in parts] != [part[:2] for part in expected_parts(upload.size)]:
            raise IncompleteUpload(f"{len(parts)} parts of {upload.key} have arrived.")
        multipart.complete(upload.key, upload.id, parts)
    except FileNotFoundError:
        # Perhaps it is complete, and the response was lost.
        if not storage.exists(upload.key):
            raise


def _require_not_erased(storage: MediaStorage, upload: Upload, key: str) -> None:
    """Raise ``FileNotFoundError`` if the upload was erased meanwhile, and erase its file, too."""
    if storage.exists(tombstone_of(upload.key)):
        erase_upload(storage, key)
        raise FileNotFoundError(key)


def _prewarm(accepted: AcceptedUpload) -> None:
    """Enqueue the field's presets, so that they are there when the form is saved."""
    field = model_field(accepted.label)
    if not (field and field.warm and accepted.format and accepted.width and accepted.height):
        return
    point = parse_focal_point(accepted.focal_point) if accepted.focal_point else None
    size = (accepted.width, accepted.height)
    try:
        resizes = prewarm.keys_of(accepted.key, field.warm, point, size)
        prewarm.enqueue(resizes, field.storage_alias)
    except Exception:  # whatever a queue raises: the upload is worth more
        logger.exception("Could not enqueue the presets of %s.", accepted.key)
