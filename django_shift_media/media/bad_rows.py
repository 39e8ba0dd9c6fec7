"""
Rows with a value that no upload made, such as a name that is not a key.

Python code gets an exception. Pages and APIs leave out the image of such a row and log an error,
unless ``SHIFT_MEDIA_STRICT`` is set.
"""

import logging
from typing import Any

from django_shift_media.conf import conf
from django_shift_media.exceptions import InvalidKey, InvalidMetadata

logger = logging.getLogger("django_shift_media")

# What ``MediaFile`` raises for an invalid value of its row.
BAD_ROW_ERRORS = (InvalidKey, InvalidMetadata)


class MissingFile:
    """
    What a lookup in a template leads to if an object on its way is missing.

    ``lookup`` is the text in the template, such as "user.profile.photo".
    """

    def __init__(self, lookup: str) -> None:
        self.lookup = lookup


def report(error: Exception) -> None:
    """Log an error that a row causes on a page; if the setting is strict, raise it."""
    if conf.strict:
        raise error
    logger.error("Nothing is rendered: %s", error)


def describe_row(file: Any) -> str:
    """Return the model, the field and the primary key of the row of a ``MediaFile``."""
    model = type(file.instance)._meta.label
    return f"{model}.{file.field.name}, primary key {file.instance.pk!r}"
