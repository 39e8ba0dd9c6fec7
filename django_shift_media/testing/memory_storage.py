"""A media storage in memory, for tests."""

from collections.abc import Iterator, Sequence
from threading import RLock
from typing import ClassVar

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage

from django_shift_media.naming.urlconf import app_url
from django_shift_media.storages.base import MediaStorage, check_size
from django_shift_media.storages.bulk_storage import ObjectSummary


class InMemoryMediaStorage(MediaStorage, InMemoryStorage):
    """
    Media in memory: quick, and forgotten with the storage.

    It has the options of Django's ``InMemoryStorage``. Everything works as on local disk, also the
    view and the commands, in this process only.
    """

    # Django's storage writes in parts.
    _lock: ClassVar = RLock()

    @property
    def media_url(self) -> str:
        is_default = self._base_url is None  # type: ignore[attr-defined]  # not in the stubs
        return app_url() if is_default else str(self.base_url)

    @property
    def place(self) -> int:
        return id(self)

    def exists(self, key: str) -> bool:
        return bool(InMemoryStorage.exists(self, key))

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        with self._lock, self.open(key) as file:
            check_size(file.size, max_bytes)
            content: bytes = file.read()
            return content

    def put(self, key: str, data: bytes) -> None:
        with self._lock:
            if not self.exists(key):
                self._save(key, ContentFile(data))  # type: ignore[attr-defined]  # not in the stubs

    def list_pages(self, prefix: str) -> Iterator[list[ObjectSummary]]:
        folder, _, start = prefix.rpartition("/")
        if page := [
            ObjectSummary(key, self.size(key), self.get_modified_time(key))
            for key in self._keys(folder, start)
        ]:
            yield page

    def _keys(self, folder: str, start: str = "") -> Iterator[str]:
        if folder and not self.exists(folder):
            return
        folders, files = self.listdir(folder)
        base = f"{folder}/" if folder else ""
        yield from (f"{base}{name}" for name in files if name.startswith(start))
        for name in folders:
            if name.startswith(start):
                yield from self._keys(f"{base}{name}")

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        for key in keys:
            InMemoryStorage.delete(self, key)
        return {}
