"""The functions of a project that decide about uploads."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.media.examined_file import ExaminedFile
from django_shift_media.uploads.owners import owner_of
from django_shift_media.uploads.tokens import UploadField

Permission = Callable[[HttpRequest, UploadField], bool]


def may_upload(request: HttpRequest, field: UploadField) -> bool:
    """Return whether a request may use a token: the token's owner, if the project agrees."""
    if owner_of(request) != field.owner:
        return False
    permission: Permission | None = _function(conf.upload_permission)
    return permission is None or bool(permission(request, field))


def scan(file: ExaminedFile) -> None:
    """Let the project's scanner refuse a file, by ``ValidationError``."""
    scanner = _function(conf.upload_scanner)
    if scanner is not None:
        scanner(file)


def _function(path: str | None) -> Any:
    return None if path is None else import_string(path)
