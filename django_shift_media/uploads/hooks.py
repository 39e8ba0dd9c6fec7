"""The function of a project that decides who may upload."""

from collections.abc import Callable

from django.http import HttpRequest
from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.uploads.owners import owner_of
from django_shift_media.uploads.tokens import UploadField

Permission = Callable[[HttpRequest, UploadField], bool]


def may_upload(request: HttpRequest, field: UploadField) -> bool:
    """Return whether a request may use a token: the token's owner, if the project agrees."""
    if owner_of(request) != field.owner:
        return False
    if conf.upload_permission is None:
        return True
    permission: Permission = import_string(conf.upload_permission)
    return bool(permission(request, field))
