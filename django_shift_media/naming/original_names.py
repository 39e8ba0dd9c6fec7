"""The name that a person gave a file: kept in a row, and sent with the file."""

import re
import unicodedata
from urllib.parse import quote

from django_shift_media.naming.formats import INPUT_FORMATS, extension_of, is_inline

# Most file systems limit names to 255 bytes.
_MAX_BYTES = 240
# Control characters, and those that change the direction of text, so that an extension can hide.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean_name(name: str, *, max_length: int | None = None) -> str:
    """
    Return a name without folders and control characters, in Unicode's normal form C.

    A name of more than ``max_length`` characters, or too many bytes for a file system, is
    shortened before its extension.
    """
    text = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    text = _UNSAFE.sub("", text).strip()
    stem, dot, extension = text.rpartition(".")
    if not dot or len(extension) > 20:
        stem, extension = text, ""
    tail = f".{extension}" if extension else ""
    while stem and (
        len(f"{stem}{tail}".encode()) > _MAX_BYTES or len(stem + tail) > (max_length or _MAX_BYTES)
    ):
        stem = stem[:-1]
    return f"{stem}{tail}"[: max_length or None]


def content_disposition(key: str, original_name: str = "") -> str:
    """
    Return the value of ``Content-Disposition`` for a file with this key.

    Browsers display "inline" files. An original name other than that in the key is sent as in
    RFC 6266: ``filename*``, encoded as in RFC 8187, after ``filename`` for clients that do not
    know it.
    """
    disposition = "inline" if is_inline(key) else "attachment"
    key_name = key.rpartition("/")[2]
    name = _with_true_extension(original_name, key_name)
    if name in ("", key_name):
        return disposition
    return f"{disposition}; filename=\"{key_name}\"; filename*=UTF-8''{quote(name, safe='')}"


def _with_true_extension(name: str, key_name: str) -> str:
    """Return a name with the extension of the key, which is true to the content of an image."""
    extension = extension_of(key_name)
    if not name or extension not in INPUT_FORMATS or extension_of(name) == extension:
        return name
    return f"{name.rpartition('.')[0] or name}.{extension}"
