"""Accepted uploads as values of form fields."""

from django.core.exceptions import ValidationError
from django.core.signing import BadSignature
from django.utils.translation import gettext_lazy as _

from django_shift_media.engines.engine import ImageInfo
from django_shift_media.media.claims import is_claimed
from django_shift_media.media.examined_file import ExaminedFile
from django_shift_media.uploads.model_fields import model_field, storage_for
from django_shift_media.uploads.reservations import reserve
from django_shift_media.uploads.tokens import AcceptedUpload

UPLOAD_EXPIRED = _("The upload is no longer valid. Choose the file again.")
UPLOAD_IN_USE = _(
    "Another request is saving this upload. Check whether it was saved before you send the form"
    " again."
)


def parse_value(text: str, label: str, owner: str | None) -> AcceptedUpload:
    """Return the upload behind a field's value; raise ``BadSignature`` for that of another."""
    accepted = AcceptedUpload.unsign(text)
    if accepted.label != label or accepted.owner != owner:
        raise BadSignature("The upload belongs to another field or user.")
    return accepted


def file_for(text: str, label: str, owner: str | None) -> ExaminedFile:
    """
    Return the file behind a field's value, without a request to the storage.

    Raise ``ValidationError`` if it is not of this field and owner, has expired, a row has it, or
    another request is about to save it.
    """
    try:
        accepted = parse_value(text, label, owner)
    except BadSignature as error:
        raise ValidationError(UPLOAD_EXPIRED, code="upload_expired") from error
    storage = storage_for(label)
    if not reserve(storage, accepted.key):  # first, since the other request may end meanwhile
        raise ValidationError(UPLOAD_IN_USE, code="upload_in_use")
    if is_claimed(storage, accepted.key, model_field(label)):
        raise ValidationError(UPLOAD_EXPIRED, code="upload_expired")
    return as_file(accepted)


def as_file(accepted: AcceptedUpload) -> ExaminedFile:
    info = None
    if accepted.format and accepted.width and accepted.height:
        info = ImageInfo(accepted.format, accepted.width, accepted.height)
    return ExaminedFile(
        storage_for(accepted.label),
        accepted.key,
        name=accepted.name,
        size=accepted.size,
        info=info,
        placeholder=accepted.placeholder,
        focal_point=accepted.focal_point,
    )
