"""The functions of a project that may refuse an upload, such as virus scanners."""

import logging
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from django_shift_media.conf import conf
from django_shift_media.exceptions import UploadRefused
from django_shift_media.media.examined_file import ExaminedFile

logger = logging.getLogger("django_shift_media")

VALIDATOR_ERRORS: dict[str, Any] = {
    "not_checked": _("“%(name)s” could not be checked. Try again later."),
}

# What has passed, by the object that holds the bytes: a form and a save call a validator once.
_passed: "WeakKeyDictionary[Any, tuple[int, tuple[str, ...]]]" = WeakKeyDictionary()


def validate_once(file: "File[Any]", messages: Mapping[str, Any] = VALIDATOR_ERRORS) -> None:
    """
    Call the validators, unless they have accepted this file before; raise ``ValidationError``.

    They have seen an ``ExaminedFile`` when its upload was complete.
    """
    paths = tuple(conf.upload_validators)
    if not paths or isinstance(file, ExaminedFile):
        return
    passed = (file.size, paths)
    if _passed.get(file.file) != passed:
        run_validators(file, messages)
        _passed[file.file] = passed


def require_valid(file: "File[Any]") -> None:
    """As ``validate_once()``, for ``save()``; raise ``UploadRefused``."""
    try:
        validate_once(file)
    except ValidationError as error:
        raise UploadRefused(" ".join(error.messages)) from error


def run_validators(file: "File[Any]", messages: Mapping[str, Any] = VALIDATOR_ERRORS) -> None:
    """
    Call each validator with the file at its beginning; raise ``ValidationError``.

    A validator that fails in any other way refuses the file, too: nobody knows what is in it.
    """
    try:
        for path in conf.upload_validators:
            _run(path, file, messages)
    finally:
        if isinstance(file, ExaminedFile):
            file.close()


def _run(path: str, file: "File[Any]", messages: Mapping[str, Any]) -> None:
    try:
        refusal = _refusal_by(path, file)
    except Exception as error:
        logger.exception("Refused the upload %s: the validator %s failed.", file.name, path)
        params = {"name": file.name}
        raise ValidationError(messages["not_checked"], code="not_checked", params=params) from error
    if refusal:
        raise refusal


def _refusal_by(path: str, file: "File[Any]") -> ValidationError | None:
    """Call a validator; return its ``ValidationError``, which raises nothing when it is shown."""
    _rewind(file)
    try:
        result = import_string(path)(file)
    except ValidationError as error:
        # A field has a list of errors, and no dict.
        refusal = ValidationError([error])
        [str(message) for message in refusal.messages]
        return refusal
    # Such as the coroutine of an async function, which has not run.
    if result is not None:
        raise TypeError(f"A validator has to return None, not {type(result).__name__}.")
    _rewind(file)
    return None


def _rewind(file: "File[Any]") -> None:
    if isinstance(file, ExaminedFile):
        file.close()  # it is downloaded by the first read only
    else:
        file.seek(0)
