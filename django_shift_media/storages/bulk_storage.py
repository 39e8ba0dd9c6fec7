"""What the upkeep of many files asks of a storage: list, delete and copy by the thousand."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from django.core.files.storage import Storage

from django_shift_media.naming import keys
from django_shift_media.storages.stored_file import StoredFile

# Keys that one request deletes at most, and one page of a listing has.
BATCH = 1000


class Entry(NamedTuple):
    """
    An object of a listing.

    ``size`` is in bytes, ``modified`` is aware.
    """

    key: str
    size: int
    modified: datetime


class BulkStorage(Storage):
    """
    A storage whose keys can be gone through, in parallel and in constant memory.

    All keys of the package begin with random hexadecimal digits, which tells the parts of a
    storage apart that are listed at the same time. The defaults are for a storage that knows
    nothing better.
    """

    # What all keys begin with, one of them each, in parts of about the same size.
    parts: ClassVar[Sequence[str]] = tuple("0123456789abcdef")

    def list_pages(self, prefix: str) -> Iterator[list[Entry]]:
        """Give all objects whose keys begin with a prefix, in no certain order."""
        raise NotImplementedError

    def list_uploads(self, originals: Iterable[str]) -> Iterator[tuple[str, list[Entry]]]:
        """
        Give each original with all that is stored of its upload: itself and its resizes.

        Best asked in the order of keys: neighbours may share a request.
        """
        for original in originals:
            prefix = keys.upload_prefix(original)
            yield original, [entry for page in self.list_pages(prefix) for entry in page]

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        """Delete exactly these, ``BATCH`` at most; return why any of them could not be deleted."""
        raise NotImplementedError

    def has_same_content(self, key: str, file: StoredFile) -> bool:
        """Say whether a key has the same bytes as a file elsewhere: by size and checksum."""
        return StoredFile(self, key).has_content_of(file)
