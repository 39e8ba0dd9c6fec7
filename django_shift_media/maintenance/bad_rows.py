"""Find rows with values that no upload made, such as a name that is not a key."""

from collections.abc import Iterable, Iterator

from django.core.exceptions import SuspiciousOperation

from django_shift_media.fields import MediaFile
from django_shift_media.maintenance.results import Result
from django_shift_media.media.bad_rows import BAD_ROW_ERRORS
from django_shift_media.media.references import Column, row_pages
from django_shift_media.storages.base import MediaStorage


def find_bad_rows(storage: MediaStorage, columns: Iterable[Column]) -> Iterator[Result]:
    """Yield the rows with an invalid name or invalid metadata, if their file exists."""
    for column in columns:
        for page in row_pages(column.rows):
            for file in (getattr(row, column.field.attname) for row in page):
                if (result := bad_row(file)) and file_exists(storage, file.name):
                    yield result


def file_exists(storage: MediaStorage, name: str) -> bool:
    """Return whether the storage has a file with this name, which may be any text."""
    try:
        return storage.exists(name)
    except (SuspiciousOperation, ValueError):  # such as "../a", or a null character
        return False


def bad_row(file: MediaFile) -> Result | None:
    """Return a result for a file whose row is invalid, otherwise None."""
    try:
        file.check_row()
    except BAD_ROW_ERRORS as error:
        return Result("invalid", str(file.name), note=str(error), severity="error")
    return None
