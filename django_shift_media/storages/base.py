"""The interface of media storages."""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, Literal

from django.core.files.storage import storages
from django.utils.encoding import filepath_to_uri
from django.utils.functional import cached_property

from django_shift_media.conf import A_YEAR, conf
from django_shift_media.exceptions import FileTooLarge, StorageUnavailable
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming import keys
from django_shift_media.storages.access import PrivateAccess
from django_shift_media.storages.bulk_storage import BulkStorage
from django_shift_media.storages.erasure import TOMBSTONE_CONTENT, tombstone_of
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
    ``StorageUnavailable`` if the backend fails. The page "Write a media storage"
    says what a subclass has to implement, and ``testing.StorageConformance`` tests it.
    """

    mode: Mode = "app"
    # None if everyone may see all files.
    access: PrivateAccess | None = None
    # The exceptions that the backend raises.
    backend_errors: tuple[type[Exception], ...] = (OSError,)

    @cached_property
    def alias(self) -> str | None:
        """The alias in ``STORAGES``; None for local disk without an alias."""
        # Not an attribute that media_storage() sets: storages["private"] is a media storage, too.
        created: dict[str, object] = storages._storages  # type: ignore[attr-defined]  # not in the stubs
        return next((alias for alias, storage in created.items() if storage is self), None)

    @property
    def is_default(self) -> bool:
        """Whether this is the default media storage, which commands and URLs need not name."""
        return self.alias in {None, conf.storage}

    @property
    def place(self) -> Hashable:
        """Where the objects are; two storages with the same place have the same objects."""
        raise NotImplementedError

    @property
    def media_url(self) -> str:
        """The base URL of all keys, with a final slash; computed without I/O."""
        raise NotImplementedError

    @property
    def served_elsewhere(self) -> bool:
        """Whether others send the files of this storage, so that the view needs no bytes."""
        return self.mode == "website"

    def handover(self, key: str, method: str) -> Mapping[str, str]:
        """
        Return the headers with which the view has others send a private file.

        These are "Location" or "X-Accel-Redirect", and "Cache-Control". If there are none, the view
        sends the bytes itself. ``method`` is that of the request, "GET" or "HEAD".
        """
        return {}

    def is_cdn_secret(self, secret: str) -> bool:
        """Return whether a request with this secret comes from a CDN that knows the visitor."""
        return False

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

    def put_file(self, key: str, file: BinaryIO) -> None:
        """Store the content of an open file, such as a rendition of a video; see ``put()``."""
        self.put(key, file.read())

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """Return ``length`` bytes of an object, fewer at its end; ``FileNotFoundError`` if none."""
        with self.wrap_errors("read", key), self.open(key) as file:
            file.seek(offset)
            data: bytes = file.read(length)
            return data

    def bury(self, original: str) -> None:
        """Store the tombstone of an upload, unless it has one."""
        self.put(tombstone_of(original), TOMBSTONE_CONTENT)

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

    def access_query(self, key: str) -> str:
        """Return what follows a key in its URL: for a private file, an expiry and a signature."""
        return self.access.query(key) if self.access else ""

    def scoped(self, key: str) -> str:
        """Return a text for an object that no object of another storage has."""
        return f"{self.alias or ''}:{key}"

    def public_url(self, key: str) -> str:
        return self.media_url + filepath_to_uri(key) + self.access_query(key)

    def resize_url(self, key: str) -> str:
        """Return the public URL of a resize, whose key has nothing to quote."""
        return self.media_url + key + self.access_query(key)

    def presigned_url(self, key: str, seconds: int, method: str = "GET") -> str | None:
        """Return a URL that lets anyone read an object for a while; None if not supported."""
        return None

    def stand_in(self, name: str) -> str | None:
        """
        Return the key to use in URLs for a name that is not a key; None if the name is invalid.

        Only the storages of ``testing.isolated_media()`` have such keys.
        """
        return None

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
