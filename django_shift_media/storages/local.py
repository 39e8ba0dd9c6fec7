"""Media on local disk."""

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.utils.encoding import filepath_to_uri

from django_shift_media.naming import keys
from django_shift_media.naming.urlconf import app_url, mount_url
from django_shift_media.storages.access import pop_access
from django_shift_media.storages.base import MediaStorage, check_size
from django_shift_media.storages.bulk_storage import BATCH_SIZE, ObjectSummary
from django_shift_media.storages.erasure import (
    TOMBSTONE,
    TOMBSTONE_CONTENT,
    Inventory,
    Kind,
    StoredItem,
    is_tombstone,
    tombstone_of,
)
from django_shift_media.storages.local_multipart import LocalMultipart

# Each attempt to remove a directory fails only if a file has been stored in it meanwhile, and each
# to create one only if it has been removed.
_ATTEMPTS = 100


class LocalMediaStorage(MediaStorage, FileSystemStorage):
    """
    Media on local disk, by default under ``MEDIA_ROOT``.

    Has the same options as Django's ``FileSystemStorage``, and:

    ``access``
        "public" (the default): everyone may see the files. "private": only those whom
        ``permission`` allows may. A private storage needs a ``location`` that no web server serves.
    ``permission``
        The dotted path of a function that takes the request and the key of an original, and returns
        whether the user may see it and its resizes. By default, only the staff may.
    ``url_seconds``
        For how many seconds the URL of a private file is valid, at least (3600 by default) and at
        most twice as long.
    ``accel_url``
        The path of an internal location of nginx, such as "/protected/", whose files are those of
        ``location``. Nginx then sends the private files that the app allows (X-Accel-Redirect).

    Without ``base_url``, URLs begin with the path under which the URLs of this package are
    included; those of public files with ``MEDIA_URL`` if that has a host.
    """

    def __init__(self, *args: Any, accel_url: str | None = None, **options: Any) -> None:
        self.access = pop_access(options)
        if accel_url is not None:
            _check_accel_url(accel_url, is_private=self.access is not None)
        self.accel_url = accel_url
        super().__init__(*args, **options)

    @property
    def media_url(self) -> str:
        if self._base_url is not None:  # type: ignore[attr-defined]  # not in the stubs
            return str(self.base_url)
        # MEDIA_URL may be a CDN, which would be asked without the session's cookie.
        return mount_url(self.alias) if self.access else app_url(self.alias)

    @property
    def served_elsewhere(self) -> bool:
        return self.accel_url is not None

    def handover(self, key: str, method: str) -> Mapping[str, str]:
        return {"X-Accel-Redirect": self.accel_url + filepath_to_uri(key)} if self.accel_url else {}

    @property
    def place(self) -> Path:
        return Path(self.location).resolve()

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
        self._put(key, lambda draft: draft.write(data))

    def put_file(self, key: str, file: BinaryIO) -> None:
        self._put(key, lambda draft: shutil.copyfileobj(file, draft))

    def _put(self, key: str, write: Callable[[BinaryIO], object]) -> None:
        # The folder of an upload is not created: if it was deleted meanwhile, this must fail.
        with self.wrap_errors("write", key):
            path = Path(self.path(key))
            if keys.is_in_ladder(key):
                path.parent.mkdir(self.directory_permissions_mode or 0o777, exist_ok=True)
            draft = Path(self.path(_draft_name(key)))
            try:
                with draft.open("wb") as file:
                    write(file)
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
            FileSystemStorage.delete(self, name)
            if keys.is_original(name):
                _remove_upload(Path(self.path(keys.upload_prefix(name))))

    def bury(self, original: str) -> None:
        path = Path(self.path(tombstone_of(original)))
        with self.wrap_errors("write", path.name):
            for _ in range(_ATTEMPTS):
                with suppress(FileNotFoundError):  # a deletion has removed the folder
                    path.parent.mkdir(self.directory_permissions_mode or 0o777, True, True)
                    path.write_bytes(TOMBSTONE_CONTENT)
                    return
            raise OSError(f"The folder of {str(path)!r} is removed again and again.")

    def find_items(self, original: str) -> Inventory:
        root = Path(self.path(""))
        inventory = Inventory()
        with self.wrap_errors("list", original):
            for folder, _, names in os.walk(root / keys.upload_prefix(original)):
                for path in (Path(folder, name) for name in names):
                    key = path.relative_to(root).as_posix()
                    kind: Kind = "temporary file" if path.name.startswith(".") else "file"
                    if not is_tombstone(key):
                        with suppress(FileNotFoundError):
                            inventory.items.append(StoredItem(kind, key, path.stat().st_size))
            inventory.items += self.multipart.find(original)
        return inventory

    def delete_items(self, items: Sequence[StoredItem]) -> dict[StoredItem, str]:
        uploads = [item for item in items if item.kind == "multipart upload"]
        for item in uploads:
            self.multipart.abort(item.key, item.id)
        return super().delete_items([item for item in items if item not in uploads])

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


def _check_accel_url(url: object, *, is_private: bool) -> None:
    if not is_private:
        raise ImproperlyConfigured('"accel_url" requires "access": "private".')
    if not (isinstance(url, str) and url.startswith("/") and url.endswith("/")):
        raise ImproperlyConfigured(
            f"Invalid accel_url {url!r}. Use a path that begins and ends with a slash, such as"
            ' "/protected/".'
        )


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


def _remove_upload(folder: Path) -> None:
    """Remove all but the tombstone, even while others store or delete files of the upload."""
    for _ in range(_ATTEMPTS):
        if not (found := _all_but_tombstone(folder)):
            break
        for path in found:
            _remove_tree(path)
    _remove_empty([folder, *folder.parents[:4]])  # the parts of the UUID


def _all_but_tombstone(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.name != TOMBSTONE]
    except FileNotFoundError:
        return []


def _remove_tree(path: Path) -> None:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        pass  # the directory or, before Python 3.13, a file in it
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove empty directories, innermost first."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            break
