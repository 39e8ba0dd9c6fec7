"""The function of a project that decides who may upload."""

from collections.abc import Callable

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.storages.access import as_permission
from django_shift_media.uploads.owners import owner_of
from django_shift_media.uploads.tokens import UploadField

Permission = Callable[[HttpRequest, UploadField], bool]


def may_upload(request: HttpRequest, field: UploadField) -> bool:
    """
    Return whether a request may use a token: the token's owner, if the project agrees.

    Raise ``ImproperlyConfigured`` if the function of the project returns no bool.
    """
    if owner_of(request) != field.owner:
        return False
    if conf.upload_permission is None:
        return True
    permission: Permission = import_string(conf.upload_permission)
    answer = permission(request, field)
    try:
        return as_permission(answer, conf.upload_permission)
    except TypeError as error:
        raise ImproperlyConfigured(str(error)) from error
