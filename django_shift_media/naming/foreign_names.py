"""Explain what a name is that is not the key of an original: where it may come from."""

import re

from django_shift_media.exceptions import InvalidKey
from django_shift_media.naming import keys

_URL = re.compile("[a-z][a-z0-9+.-]*://|//", re.IGNORECASE)
_KEY_START = re.compile("[0-9a-f]{8}/[0-9a-f]{4}/")


def explain(name: str) -> str:
    """Return a sentence about a name that is not the key of an original, with a remedy."""
    if _URL.match(name):
        return "It looks like a URL: the field needs the key of a stored file."
    if original := _original_of_resize(name):
        return f"It is the key of a resize: the field needs that of its original, {original!r}."
    if (match := _KEY_START.search(name)) and keys.is_original(name[match.start() :]):
        return f"It has {name[: match.start()]!r} before a key: remove this prefix."
    if keys.is_original(name.lower()):
        return "Keys are in lower case."
    return (
        "It looks like the name of a file of an ImageField or FileField: to copy such files to a"
        " MediaField, see manage.py import_media."
    )


def _original_of_resize(name: str) -> str | None:
    try:
        return keys.parse_resize(name).original
    except InvalidKey:
        return None
