"""What a media storage must do: the interface that the rest of the package uses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from django.utils.encoding import filepath_to_uri

from django_shift_media.exceptions import FileTooLarge, StorageUnavailable
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming import keys
from django_shift_media.storages.bulk_storage import BulkStorage

Mode = Literal["website", "failover", "app"]

# An original's name is never used again, and a resize follows from its name.
CACHE_CONTROL = "public, max-age=31536000, immutable"


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

    def exists(self, key: str) -> bool:
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
    def wrap_errors(self, what: str, key: str) -> Iterator[None]:
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
        while self.exists(name):
            name = keys.new_original(name, max_length=max_length)
        return name


def check_size(size: int, max_bytes: int | None) -> None:
    """Raise ``FileTooLarge`` for more than ``max_bytes`` bytes; None: no limit."""
    if max_bytes is not None and size > max_bytes:
        raise FileTooLarge(
            _("The file has %(size)s bytes; the maximum is %(limit)s."),
            size=size,
            limit=max_bytes,
        )
