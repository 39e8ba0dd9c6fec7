"""A file of any storage, to be copied into another one."""

import hashlib

from django.core.files.base import File
from django.core.files.storage import Storage


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
