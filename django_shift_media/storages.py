"""Where originals and resizes are kept: what a media storage must do, and the local one."""

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Literal

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, InvalidStorageError, storages
from django.utils.encoding import filepath_to_uri

from django_shift_media import keys
from django_shift_media.bulk import BATCH, BulkStorage, Entry
from django_shift_media.conf import conf
from django_shift_media.exceptions import FileTooLarge, StorageUnavailable
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.once import ProcessLock

Mode = Literal["website", "failover", "app"]

# An original's name is never used again, and a resize follows from its name.
CACHE_CONTROL = "public, max-age=31536000, immutable"
_creating = ProcessLock()


class MediaStorage(BulkStorage):
    """
    What the rest of the package asks of a storage, beside Django's own interface.

    ``get``, ``put`` and ``has`` are for whole objects under exact keys. They raise
    ``StorageUnavailable`` when the storage fails.
    """

    mode: Mode = "app"
    # What the storage raises when it fails.
    failures: tuple[type[Exception], ...] = (OSError,)

    @property
    def base(self) -> str:
        """The URL that every key continues, with a final slash. Computing it is no I/O."""
        raise NotImplementedError

    def has(self, key: str) -> bool:
        raise NotImplementedError

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        """Return an object; raise ``FileNotFoundError``, or ``FileTooLarge`` without reading it."""
        raise NotImplementedError

    def put(self, key: str, data: bytes) -> None:
        """
        Store an object whole or not at all.

        One that is there may stay: what is under the same key is the same.
        """
        raise NotImplementedError

    @contextmanager
    def failing(self, what: str, key: str) -> Iterator[None]:
        """Turn the storage's failures into ``StorageUnavailable``; a missing file is none."""
        try:
            yield
        except FileNotFoundError:
            raise
        except self.failures as error:
            raise StorageUnavailable(f"Could not {what} {key!r}: {error}") from error

    def public_url(self, key: str) -> str:
        return self.base + filepath_to_uri(key)

    def url(self, name: str | None) -> str:
        if name is None:
            raise ValueError("This file has no name.")
        return self.public_url(name)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return ``name``, or a fresh key for the same file name if ``name`` is taken."""
        if not keys.is_original(name):
            return super().get_available_name(name, max_length=max_length)
        while self.has(name):
            name = keys.new_original(name, max_length=max_length)
        return name


class LocalMediaStorage(MediaStorage, FileSystemStorage):
    """
    Media on local disk, under ``MEDIA_ROOT`` and ``MEDIA_URL`` unless told otherwise.

    Takes the options of Django's ``FileSystemStorage``.
    """

    @property
    def base(self) -> str:
        base: str = self.base_url
        return base

    def has(self, key: str) -> bool:
        with self.failing("look for", key):
            return Path(self.path(key)).is_file()

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        with self.failing("read", key), Path(self.path(key)).open("rb") as file:
            check_bytes(os.fstat(file.fileno()).st_size, max_bytes)
            return file.read()

    def put(self, key: str, data: bytes) -> None:
        # No folder is made: a resize whose original has gone meanwhile is not wanted.
        with self.failing("write", key):
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
        with self.failing("write", name):
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
        with self.failing("delete", name):
            if not keys.is_original(name):
                super().delete(name)
                return
            folder = Path(self.path(keys.upload_prefix(name)))
            with suppress(FileNotFoundError):
                shutil.rmtree(folder)
            _remove_empty(folder.parents[:4])  # the other parts of the UUID

    def pages(self, prefix: str) -> Iterator[list[Entry]]:
        root = Path(self.path(""))
        folder, _, start = prefix.rpartition("/")
        with self.failing("list", prefix):
            files = _files(root / folder, start)
            while page := [_entry(file, root) for file in islice(files, BATCH)]:
                yield page

    def delete_all(self, keys: Sequence[str]) -> dict[str, str]:
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


def media_storage() -> MediaStorage:
    """Return the storage that the settings choose; raise ``ImproperlyConfigured``."""
    alias = conf.storage
    if alias is None:
        return _default_storage()
    try:
        # Else each thread that comes before the first is done gets a storage of its own.
        with _creating.held():
            storage = storages[alias]
    except InvalidStorageError as error:
        raise ImproperlyConfigured(f"SHIFT_MEDIA_STORAGE is {alias!r}: {error}") from error
    if not isinstance(storage, MediaStorage):
        raise ImproperlyConfigured(
            f"SHIFT_MEDIA_STORAGE is {alias!r}, which is a {type(storage).__name__}, not a media"
            " storage such as django_shift_media.s3.S3MediaStorage."
        )
    return storage


@cache
def _default_storage() -> LocalMediaStorage:
    return LocalMediaStorage()


def check_bytes(size: int, max_bytes: int | None) -> None:
    """Raise ``FileTooLarge`` for more than ``max_bytes`` bytes; None: no limit."""
    if max_bytes is not None and size > max_bytes:
        raise FileTooLarge(
            _("The file has %(size)s bytes, %(limit)s may be had at most."),
            size=size,
            limit=max_bytes,
        )
