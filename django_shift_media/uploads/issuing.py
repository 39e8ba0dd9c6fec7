"""Tokens for pages that no Django form renders, such as those of single-page apps."""

from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from django_shift_media.conf import conf
from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.uploads.hooks import may_upload
from django_shift_media.uploads.model_fields import model_field
from django_shift_media.uploads.owners import owner_of
from django_shift_media.uploads.receiving import multipart_of
from django_shift_media.uploads.tokens import UploadField


def issue(request: HttpRequest, label: str) -> UploadField:
    """
    Return the token of a model field, for the user of a request.

    Raise ``PermissionDenied`` for a field without ``direct``, and for users who may not upload: a
    form that is rendered shows that they may, but this is asked by anybody. Raise
    ``FileNotFoundError`` if the storage takes no direct uploads.
    """
    field, owner = model_field(label), owner_of(request)
    if field is None or not field.direct or owner is None:
        raise PermissionDenied
    token = UploadField(
        label=field.upload_label,  # "gallery.Photo.photo" is another text, but the same field
        kind=field.kind,
        max_bytes=field.max_bytes,
        owner=owner,
    )
    if not (may_upload(request, token) and _may_save(request, field)):
        raise PermissionDenied
    multipart_of(token)
    return token


def _may_save(request: HttpRequest, field: BaseMediaField) -> bool:
    """Return whether the user may save rows of the model, unless the project decides."""
    if conf.upload_permission is not None:
        return True
    options = field.model._meta
    return any(
        request.user.has_perm(f"{options.app_label}.{get_permission_codename(action, options)}")
        for action in ("add", "change")
    )
