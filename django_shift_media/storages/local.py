"""Media on local disk."""

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from django_shift_media.naming import keys
from django_shift_media.storages.base import MediaStorage, check_size
from django_shift_media.storages.bulk_storage import BATCH, Entry


class LocalMediaStorage(MediaStorage, FileSystemStorage):
    """
    Media on local disk, under ``MEDIA_ROOT`` and ``MEDIA_URL`` unless told otherwise.

    Takes the options of Django's ``FileSystemStorage``.
    """

    @property
    def base(self) -> str:
        base: str = self.base_url
        return base

    def exists(self, key: str) -> bool:
        with self.wrap_errors("look for", key):
            return Path(self.path(key)).is_file()

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        with self.wrap_errors("read", key), Path(self.path(key)).open("rb") as file:
            check_size(os.fstat(file.fileno()).st_size, max_bytes)
            return file.read()

    def put(self, key: str, data: bytes) -> None:
        # No folder is made: a resize whose original has gone meanwhile is not wanted.
        with self.wrap_errors("write", key):
            path = Path(self.path(key))
            draft = Path(self.path(_draft_of(key)))
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
            # Django writes under the name that it is given, and leaves there what it has got
            # so far when the disk is full or the process is killed.
            draft = _draft_of(name)
            path = Path(self.path(draft))
            try:
                self._write_new(draft, content)
                path.replace(self.path(name))
            finally:
                path.unlink(missing_ok=True)
                _remove_empty(path.parents[:6])  # the name's, and the five of the UUID
            return name

    def _write_new(self, name: str, content: "File[bytes]") -> str:
        return str(super()._save(name, content))  # type: ignore[misc]  # not in the stubs

    def delete(self, name: str) -> None:
        """Delete a file; an original takes all of its resizes along."""
        with self.wrap_errors("delete", name):
            if not keys.is_original(name):
                super().delete(name)
                return
            folder = Path(self.path(keys.upload_prefix(name)))
            with suppress(FileNotFoundError):
                shutil.rmtree(folder)
            _remove_empty(folder.parents[:4])  # the other parts of the UUID

    def list_pages(self, prefix: str) -> Iterator[list[Entry]]:
        root = Path(self.path(""))
        folder, _, start = prefix.rpartition("/")
        with self.wrap_errors("list", prefix):
            files = _files(root / folder, start)
            while page := [_entry(file, root) for file in islice(files, BATCH)]:
                yield page

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        failed = {}
        for key in keys:
            try:
                Path(self.path(key)).unlink(missing_ok=True)
            except OSError as error:
                failed[key] = str(error)
        return failed


def _draft_of(key: str) -> str:
    """Return a name beside a key, and no key: those do not begin with a dot. It is never served."""
    return f"{key.rpartition('/')[0]}/.{secrets.token_hex(8)}"


def _files(folder: Path, start: str = "") -> Iterator["os.DirEntry[str]"]:
    """Give all files at any depth under those of a folder's entries whose names start so."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:  # gone meanwhile, or never there
        return
    with entries:
        for entry in entries:
            if entry.name.startswith(start) and not entry.name.startswith("."):  # of a draft
                if entry.is_dir(follow_symlinks=False):
                    yield from _files(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    yield entry


def _entry(file: "os.DirEntry[str]", root: Path) -> Entry:
    status = file.stat()
    key = Path(file.path).relative_to(root).as_posix()
    return Entry(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders, innermost first, until one has something in it."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            break
