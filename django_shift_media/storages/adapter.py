"""A media storage on top of any storage of Django."""

import threading
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import islice
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, storages
from django.utils import timezone

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.naming import keys
from django_shift_media.naming.urlconf import app_url, mount_url
from django_shift_media.storages.access import pop_access
from django_shift_media.storages.base import MediaStorage, check_size
from django_shift_media.storages.bulk_storage import BATCH_SIZE, ObjectSummary


class AdaptedMediaStorage(MediaStorage):
    """
    Media in any storage of Django, such as those of django-storages.

    The app serves all resizes. This works with Django's interface only, so it needs more requests
    than a storage that is written for media.

    ``storage``
        The alias of the other storage in ``STORAGES``; required. Use it for nothing else, or give
        it a ``location`` of its own.
    ``base_url``
        The base URL of the media, with a final slash, if a web server or a CDN serves them and asks
        the app for missing resizes. Without it, the URLs of resizes begin with the path under which
        the URLs of this package are included, and the URLs of public originals are those that the
        other storage returns.
    ``per_thread``
        Whether each thread gets an instance of the other storage, for storages whose connection
        cannot be shared by threads, such as that of django-storages for SFTP; False by default.
    ``access``
        "public" (the default): everyone may see the files. "private": only those whom
        ``permission`` allows may. The app serves all files of a private storage.
    ``permission``
        The dotted path of a function that takes the request and the key of an original, and returns
        whether the user may see it and its resizes. By default, only the staff may.
    ``url_seconds``
        For how many seconds the URL of a private file is valid, at least (3600 by default) and at
        most twice as long.
    """

    # Each backend raises errors of its own. They are chained, so that the log shows them.
    backend_errors = (Exception,)
    # listdir() cannot list a part of a folder.
    listing_prefixes = ("",)

    def __init__(
        self,
        *,
        storage: str,
        base_url: str | None = None,
        per_thread: bool = False,
        **options: Any,
    ) -> None:
        self.access = pop_access(options)
        if options:
            raise ImproperlyConfigured(f"Unknown option {next(iter(options))!r}.")
        if base_url is not None and not base_url.endswith("/"):
            raise ImproperlyConfigured(f"Invalid base_url {base_url!r}. Add a slash at its end.")
        self.base_url = base_url
        self.backend_alias = storage
        self._of_thread = threading.local() if per_thread else None
        if isinstance(self.backend, MediaStorage):
            raise ImproperlyConfigured(
                f"STORAGES[{storage!r}] is a media storage, which needs no adapter."
            )

    @property
    def backend(self) -> Storage:
        """The other storage; with ``per_thread``, that of this thread."""
        if self._of_thread is None:
            return storages[self.backend_alias]
        if not hasattr(self._of_thread, "backend"):
            entry: Any = storages.backends[self.backend_alias]
            self._of_thread.backend = storages.create_storage(entry)
        backend: Storage = self._of_thread.backend
        return backend

    @property
    def media_url(self) -> str:
        if self.base_url is not None:
            return self.base_url
        return mount_url(self.alias) if self.access else app_url(self.alias)

    def url(self, name: str | None) -> str:
        if self.access or self.base_url is not None:
            return super().url(name)
        return self.backend.url(name)

    @property
    def place(self) -> Hashable:
        return ("adapted", self.backend_alias)

    def exists(self, key: str) -> bool:
        with self.wrap_errors("check", key):
            return bool(self.backend.exists(key))

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        if max_bytes is not None:
            check_size(self.size(key), max_bytes)
        with self._wrap_missing("read", key), self.backend.open(key) as file:
            data: bytes = file.read()
            return data

    def put(self, key: str, data: bytes) -> None:
        if self.exists(key):
            return
        # Under another name, if another process has just stored the same content.
        if (stored := self._store(key, ContentFile(data))) != key:
            self._delete(stored)

    def _save(self, name: str, content: "File[bytes]") -> str:
        stored = self._store(name, content)
        if stored != name and keys.is_original(name):
            self._delete(stored)
            raise StorageUnavailable(f"{self.backend_alias!r} stored {name!r} as {stored!r}.")
        return stored

    def _store(self, name: str, content: "File[bytes]") -> str:
        with self.wrap_errors("write", name):
            try:
                return self.backend.save(name, content)
            except Exception:
                with suppress(Exception):  # what was written before it failed
                    self.backend.delete(name)
                raise

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        with self._wrap_missing("open", name):
            file: File[bytes] = self.backend.open(name, mode)
            return file

    def size(self, name: str) -> int:
        with self._wrap_missing("read the size of", name):
            return self.backend.size(name)

    def get_modified_time(self, name: str) -> datetime:
        with self._wrap_missing("read the date of", name):
            return self.backend.get_modified_time(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with self._wrap_missing("list", path):
            return self.backend.listdir(path)

    def list_pages(self, prefix: str) -> Iterator[list[ObjectSummary]]:
        folder, _, start = prefix.rpartition("/")
        summaries = self._summaries(folder, start)
        while page := list(islice(summaries, BATCH_SIZE)):
            yield page

    def _summaries(self, folder: str, start: str) -> Iterator[ObjectSummary]:
        for key in self._keys(folder, start):
            with suppress(FileNotFoundError):  # deleted meanwhile
                yield ObjectSummary(key, self.size(key), _aware(self.get_modified_time(key)))

    def _keys(self, folder: str, start: str = "") -> Iterator[str]:
        try:
            folders, files = self.listdir(folder)
        except FileNotFoundError:
            return
        base = f"{folder}/" if folder else ""
        # Some storages list a folder itself as "", or with a final slash.
        yield from (base + name for name in files if name and name.startswith(start))
        for name in (name.rstrip("/") for name in folders):
            if name and name.startswith(start):
                yield from self._keys(base + name)

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        errors = {}
        for key in keys:
            try:
                self._delete(key)
            except StorageUnavailable as error:
                errors[key] = str(error.__cause__)
        return errors

    def _delete(self, key: str) -> None:
        with suppress(FileNotFoundError), self._wrap_missing("delete", key):
            self.backend.delete(key)

    @contextmanager
    def _wrap_missing(self, action: str, key: str) -> Iterator[None]:
        """Do as ``wrap_errors()``; any error is ``FileNotFoundError`` if nothing is there."""
        with self.wrap_errors(action, key):
            try:
                yield
            except FileNotFoundError:
                raise
            except Exception as error:
                if self.backend.exists(key):
                    raise
                raise FileNotFoundError(key) from error


def _aware(time: datetime) -> datetime:
    """Return a time as an aware one; naive times are in ``TIME_ZONE`` (with ``USE_TZ = False``)."""
    if timezone.is_aware(time):
        return time
    return timezone.make_aware(time, timezone.get_default_timezone())
