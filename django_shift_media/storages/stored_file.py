"""A file of any storage, to be copied to another storage."""

import hashlib

from django.core.files.base import File
from django.core.files.storage import Storage

from django_shift_media.naming.original_names import content_disposition

# The method of media storages that keep it with an object.
_READ = "stored_disposition"


class StoredFile(File):  # type: ignore[type-arg]  # it is generic in the stubs only
    """
    A file of any storage, to be saved in another storage.

    It is opened on the first read, so that a server-side copy does not download it.
    """

    def __init__(self, storage: Storage, key: str) -> None:
        self.storage = storage
        self.key = key
        self._open_file: File[bytes] | None = None
        self.filename = key.rpartition("/")[2]
        super().__init__(None, self.filename)

    @property
    def file(self) -> "File[bytes]":
        if self._open_file is None:
            self._open_file = self.storage.open(self.key)
        return self._open_file

    @file.setter
    def file(self, file: object) -> None:
        """Ignore the assignment in ``File.__init__()``."""

    @property
    def size(self) -> int:
        return self.storage.size(self.key) if self._open_file is None else self._open_file.size

    def __bool__(self) -> bool:
        return True

    def close(self) -> None:
        if self._open_file is not None:
            self._open_file.close()
            self._open_file = None

    def has_same_content_as(self, other: "StoredFile") -> bool:
        """Compare the sizes and, if they are equal, the MD5 checksums of the content."""
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


def kept_disposition(key: str, content: object) -> str:
    """
    Return the ``Content-Disposition`` of a file that has an original name, or "".

    A bucket serves its objects without the app, so the name must be in the metadata of the object.
    A copy of an object gets that of the object.
    """
    if name := getattr(content, "download_name", ""):
        return content_disposition(key, name)
    if isinstance(content, StoredFile) and (read := getattr(content.storage, _READ, None)):
        disposition: str = read(content.key)
        return disposition if "filename" in disposition else ""
    return ""
