"""What the upkeep of many files asks of a storage: list, delete and copy by the thousand."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from django.core.files.base import File
from django.core.files.storage import Storage

from django_shift_media import keys

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


class StoredFile(File):  # type: ignore[type-arg]  # it is generic in the stubs only
    """
    A file of any storage that is to be stored in another one.

    It is opened when it is read, so that a storage which can copy it at the server need not.
    """

    def __init__(self, storage: Storage, key: str) -> None:
        self.storage = storage
        self.key = key
        self._opened: File[bytes] | None = None
        self.filename = key.rpartition("/")[2]
        super().__init__(None, self.filename)

    @property
    def file(self) -> "File[bytes]":
        if self._opened is None:
            self._opened = self.storage.open(self.key)
        return self._opened

    @file.setter
    def file(self, file: object) -> None:
        """Ignore what ``File`` sets."""

    @property
    def size(self) -> int:
        return self.storage.size(self.key) if self._opened is None else self._opened.size

    def __bool__(self) -> bool:
        return True

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def has_content_of(self, other: "StoredFile") -> bool:
        """Compare sizes and, if they are the same, all bytes by their checksums."""
        try:
            return self.size == other.size and self._md5() == other._md5()
        except FileNotFoundError:
            return False
        finally:
            self.close()

    def _md5(self) -> str:
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()


class BulkStorage(Storage):
    """
    A storage whose keys can be gone through, in parallel and in constant memory.

    All keys of the package begin with random hexadecimal digits, which tells the parts of a
    storage apart that are listed at the same time. The defaults are for a storage that knows
    nothing better.
    """

    # What all keys begin with, one of them each, in parts of about the same size.
    parts: ClassVar[Sequence[str]] = tuple("0123456789abcdef")

    def pages(self, prefix: str) -> Iterator[list[Entry]]:
        """Give all objects whose keys begin with a prefix, in no certain order."""
        raise NotImplementedError

    def beside(self, originals: Iterable[str]) -> Iterator[tuple[str, list[Entry]]]:
        """
        Give each original with all that is stored of its upload: itself and its resizes.

        Best asked in the order of keys: neighbours may share a request.
        """
        for original in originals:
            prefix = keys.upload_prefix(original)
            yield original, [entry for page in self.pages(prefix) for entry in page]

    def delete_all(self, keys: Sequence[str]) -> dict[str, str]:
        """Delete exactly these, ``BATCH`` at most; return why any of them could not be deleted."""
        raise NotImplementedError

    def holds(self, key: str, file: StoredFile) -> bool:
        """Say whether a key has the same bytes as a file elsewhere: by size and checksum."""
        return StoredFile(self, key).has_content_of(file)
