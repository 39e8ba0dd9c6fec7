"""Uploads in parts to local disk: the app receives the parts."""

import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.files.base import File

from django_shift_media.naming import keys
from django_shift_media.storages.erasure import StoredItem
from django_shift_media.storages.multipart import MultipartUploads, Part

if TYPE_CHECKING:
    from django_shift_media.storages.local import LocalMediaStorage

# In the folder of the storage. Its dot keeps it out of listings, and makes it an invalid key.
FOLDER = ".uploads"
# Seconds after which an upload without a new part is deleted, as a lifecycle rule does on S3.
_MAX_AGE = 7 * 86_400


class LocalMultipart(MultipartUploads):
    """
    Uploads in parts to a private folder beside the media.

    The folder's mode keeps a web server that runs as another user from serving it.
    """

    def __init__(self, storage: "LocalMediaStorage") -> None:
        self.storage = storage

    def origin(self) -> None:
        return None

    def begin(self, key: str, name: str) -> str:
        # An ID says to which key its parts belong.
        upload = f"{_id_prefix(key)}{secrets.token_hex(16)}"
        with self.storage.wrap_errors("begin to upload", key):
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._delete_stale()
            self._folder(upload).mkdir()
        return upload

    def part_url(self, key: str, upload: str, part: Part, seconds: int) -> None:
        return None

    def put_part(self, upload: str, part: Part, chunks: Iterable[bytes]) -> None:
        folder = self._folder(upload)
        draft = folder / f".{secrets.token_hex(8)}"
        with self.storage.wrap_errors("write", str(draft)):
            try:
                with draft.open("xb") as file:
                    written = sum(file.write(chunk) for chunk in chunks)
                if written != part.size:
                    raise ValueError(f"The part has {written} bytes instead of {part.size}.")
                draft.replace(folder / str(part.number))
            finally:
                draft.unlink(missing_ok=True)

    def parts(self, key: str, upload: str) -> list[Part]:
        with self.storage.wrap_errors("list the parts of", key):
            files = [path for path in self._folder(upload).iterdir() if path.name.isdigit()]
            return sorted(Part(int(path.name), path.stat().st_size) for path in files)

    def complete(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        folder = self._folder(upload)
        with self.storage.wrap_errors("complete", key):
            # A process may have been killed before it deleted the parts.
            if not self.storage.exists(key):
                self._assemble(key, folder, parts)
            shutil.rmtree(folder, ignore_errors=True)

    def _assemble(self, key: str, folder: Path, parts: Sequence[Part]) -> None:
        draft = folder / f".{secrets.token_hex(8)}"
        with draft.open("xb") as target:
            for part in parts:
                with (folder / str(part.number)).open("rb") as source:
                    shutil.copyfileobj(source, target)
        with draft.open("rb") as file:
            self.storage._save(key, _Assembled(file, draft))

    def abort(self, key: str, upload: str) -> None:
        shutil.rmtree(self._folder(upload), ignore_errors=True)

    def find(self, original: str) -> Iterator[StoredItem]:
        """Yield the uploads to a key that are neither complete nor aborted."""
        for folder in self._root.glob(f"{_id_prefix(original)}*"):
            with suppress(FileNotFoundError):  # aborted meanwhile
                size = sum(path.stat().st_size for path in folder.iterdir())
                yield StoredItem("multipart upload", original, size, folder.name)

    @property
    def _root(self) -> Path:
        return Path(self.storage.path(FOLDER))

    def _folder(self, upload: str) -> Path:
        return self._root / upload

    def _delete_stale(self) -> None:
        oldest = time.time() - _MAX_AGE
        for folder in self._root.iterdir():
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _id_prefix(key: str) -> str:
    return keys.upload_prefix(key).replace("/", "-")


class _Assembled(File):  # type: ignore[type-arg]  # it is generic in the stubs only
    """A file that Django moves to its place, instead of copying it."""

    def __init__(self, file: object, path: Path) -> None:
        super().__init__(file)  # type: ignore[arg-type]
        self.path = path

    def temporary_file_path(self) -> str:
        return str(self.path)
