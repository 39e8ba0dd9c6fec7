"""Media on local disk."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from django_shift_media.naming import keys
from django_shift_media.naming.urlconf import app_url
from django_shift_media.storages.base import MediaStorage, check_size
from django_shift_media.storages.bulk_storage import BATCH_SIZE, ObjectSummary
from django_shift_media.storages.local_multipart import LocalMultipart

# Each attempt to remove a directory fails only if a file has been stored in it meanwhile.
_REMOVE_ATTEMPTS = 100


class LocalMediaStorage(MediaStorage, FileSystemStorage):
    """
    Media on local disk, by default under ``MEDIA_ROOT``.

    Has the same options as Django's ``FileSystemStorage``. Without ``base_url``, URLs begin with
    the path under which the URLs of this package are included, or with ``MEDIA_URL`` if that has a
    host.
    """

    @property
    def media_url(self) -> str:
        is_default = self._base_url is None  # type: ignore[attr-defined]  # not in the stubs
        return app_url() if is_default else str(self.base_url)

    @property
    def multipart(self) -> LocalMultipart:
        return LocalMultipart(self)

    def exists(self, key: str) -> bool:
        with self.wrap_errors("check", key):
            return Path(self.path(key)).is_file()

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        with self.wrap_errors("read", key), Path(self.path(key)).open("rb") as file:
            check_size(os.fstat(file.fileno()).st_size, max_bytes)
            return file.read()

    def put(self, key: str, data: bytes) -> None:
        # Directories are not created: if the original was deleted meanwhile, this must fail.
        with self.wrap_errors("write", key):
            path = Path(self.path(key))
            draft = Path(self.path(_draft_name(key)))
            try:
                draft.write_bytes(data)
                if self.file_permissions_mode is not None:
                    draft.chmod(self.file_permissions_mode)
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)

    def _save(self, name: str, content: "File[bytes]") -> str:
        with self.wrap_errors("write", name):
            if not keys.is_original(name):
                return self._write_new(name, content)
            # Written under a temporary name, because Django's FileSystemStorage leaves an
            # incomplete file when the disk is full or the process is killed (seen with 6.1).
            draft = _draft_name(name)
            path = Path(self.path(draft))
            try:
                self._write_new(draft, content)
                path.replace(self.path(name))
            finally:
                path.unlink(missing_ok=True)
                _remove_empty(path.parents[:6])  # one for the file name, and five for the UUID
            return name

    def _write_new(self, name: str, content: "File[bytes]") -> str:
        return str(super()._save(name, content))  # type: ignore[misc]  # not in the stubs

    def delete(self, name: str) -> None:
        """Delete a file; for an original, also delete all of its resizes."""
        with self.wrap_errors("delete", name):
            # The original first: see ``generation.storing``.
            super().delete(name)
            if keys.is_original(name):
                _remove_tree(Path(self.path(keys.upload_prefix(name))))

    def list_pages(self, prefix: str) -> Iterator[list[ObjectSummary]]:
        root = Path(self.path(""))
        folder, _, name_prefix = prefix.rpartition("/")
        with self.wrap_errors("list", prefix):
            files = _files(root / folder, name_prefix)
            while page := [_summary(file, root) for file in islice(files, BATCH_SIZE)]:
                yield page

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        failed = {}
        for key in keys:
            try:
                Path(self.path(key)).unlink(missing_ok=True)
            except OSError as error:
                failed[key] = str(error)
        return failed


def _draft_name(key: str) -> str:
    """Return a temporary name in the same directory; its dot makes it an invalid key."""
    return f"{key.rpartition('/')[0]}/.{secrets.token_hex(8)}"


def _files(folder: Path, name_prefix: str = "") -> Iterator["os.DirEntry[str]"]:
    """Yield the files in a directory tree; ``name_prefix`` filters its top level only."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:  # deleted meanwhile, or never created
        return
    with entries:
        for entry in entries:
            if entry.name.startswith(name_prefix) and not entry.name.startswith("."):  # a draft
                if entry.is_dir(follow_symlinks=False):
                    yield from _files(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    yield entry


def _summary(file: "os.DirEntry[str]", root: Path) -> ObjectSummary:
    status = file.stat()
    key = Path(file.path).relative_to(root).as_posix()
    return ObjectSummary(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _remove_tree(folder: Path) -> None:
    """Remove a directory and its empty parents, even while others store or delete files in it."""
    for _ in range(_REMOVE_ATTEMPTS):
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            pass  # the directory or, before Python 3.13, a file in it
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        if not folder.exists():
            break
    _remove_empty(folder.parents[:4])  # the remaining four of the UUID


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove empty directories, innermost first."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            break
