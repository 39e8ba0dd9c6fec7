"""Uploads of captions: WebVTT, https://www.w3.org/TR/webvtt1/#file-structure."""

import re
from typing import Any

from django.core.files.base import File

from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.storages.base import check_size

# Captions of ten hours have about a megabyte.
MAX_BYTES = 5_000_000
_SIGNATURE = re.compile(r"\ufeff?WEBVTT(?:[ \t][^\r\n]*)?(?:[\r\n]|\Z)")


def check_captions(file: "File[Any]") -> None:
    """Raise ``FileTooLarge`` or ``UnacceptableFile``. The file is left at its beginning."""
    check_size(file.size, MAX_BYTES)
    file.seek(0)
    data: bytes = file.read()
    file.seek(0)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise UnacceptableFile(_("The captions are not UTF-8 text.")) from error
    if not _SIGNATURE.match(text):
        raise UnacceptableFile(_("The captions are not in WebVTT, which begins with “WEBVTT”."))
