"""The interface of media storages."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from django.utils.encoding import filepath_to_uri

from django_shift_media.conf import A_YEAR, conf
from django_shift_media.exceptions import FileTooLarge, StorageUnavailable
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming import keys
from django_shift_media.storages.bulk_storage import BulkStorage
from django_shift_media.storages.multipart import MultipartUploads

Mode = Literal["website", "failover", "app"]


def cache_control() -> str:
    """
    Return the value of Cache-Control for media.

    The content of a key never changes. But with a shorter time than a year, a site wants browsers
    to find out about deletions, so "immutable", which also stops a reload from asking, is left out.
    """
    value = f"public, max-age={conf.max_age}"
    return f"{value}, immutable" if conf.max_age >= A_YEAR else value


class MediaStorage(BulkStorage):
    """
    A storage for originals and resizes, in addition to Django's interface.

    ``exists()``, ``get()`` and ``put()`` handle whole objects under exact keys. They raise
    ``StorageUnavailable`` if the backend fails.
    """

    mode: Mode = "app"
    # The exceptions that the backend raises.
    backend_errors: tuple[type[Exception], ...] = (OSError,)

    @property
    def media_url(self) -> str:
        """The base URL of all keys, with a final slash; computed without I/O."""
        raise NotImplementedError

    def exists(self, key: str) -> bool:
        raise NotImplementedError

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        """
        Return the content of an object.

        Raise ``FileNotFoundError``, or ``FileTooLarge`` before reading more than ``max_bytes``.
        """
        raise NotImplementedError

    def put(self, key: str, data: bytes) -> None:
        """
        Store an object atomically.

        An existing object may be kept, because the same key always has the same content.
        """
        raise NotImplementedError

    @property
    def multipart(self) -> MultipartUploads | None:
        """The uploads that browsers send by themselves; None if the storage does not take any."""
        return None

    @contextmanager
    def wrap_errors(self, action: str, key: str) -> Iterator[None]:
        """Raise ``StorageUnavailable`` for errors of the backend except ``FileNotFoundError``."""
        try:
            yield
        except FileNotFoundError:
            raise
        except self.backend_errors as error:
            raise StorageUnavailable(f"Could not {action} {key!r}: {error}") from error

    def public_url(self, key: str) -> str:
        return self.media_url + filepath_to_uri(key)

    def url(self, name: str | None) -> str:
        if name is None:
            raise ValueError("The file has no name.")
        return self.public_url(name)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return ``name``, or a new key for the same file name if ``name`` exists."""
        if not keys.is_original(name):
            return super().get_available_name(name, max_length=max_length)
        while self.exists(name):
            name = keys.new_original(name, max_length=max_length)
        return name


def check_size(size: int, max_bytes: int | None) -> None:
    """Raise ``FileTooLarge`` if ``size`` exceeds ``max_bytes``; None means no limit."""
    if max_bytes is not None and size > max_bytes:
        raise FileTooLarge(
            _("The file has %(size)s bytes; the maximum is %(limit)s."),
            size=size,
            limit=max_bytes,
        )
