"""What the storages on Google Cloud and on Azure have in common."""

import tempfile
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import IO, Any, ClassVar, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.base import ContentFile, File
from django.utils import timezone
from django.utils.encoding import filepath_to_uri

from django_shift_media.naming import keys as _keys
from django_shift_media.naming.formats import served_content_type
from django_shift_media.naming.original_names import content_disposition
from django_shift_media.naming.urlconf import app_url, mount_url
from django_shift_media.storages.access import pop_access
from django_shift_media.storages.base import Mode, cache_control
from django_shift_media.storages.bulk_storage import ObjectSummary
from django_shift_media.storages.object_bulk import ObjectBulkStorage
from django_shift_media.storages.stored_file import StoredFile, kept_disposition

# Seconds for which a presigned URL is valid: of a private storage, and of a public one.
_PRIVATE_SECONDS = 300
_PUBLIC_SECONDS = 3600
# Seconds: to connect, without any data, and in which another attempt may begin. As on S3, an
# unresponsive service fails after at most 2 * (3 + 6) + 1 = 19 seconds.
CONNECT_TIMEOUT = 3
READ_TIMEOUT = 6
RETRY_SECONDS = 10
# Bytes; a larger file is uploaded in several requests, each of which holds this much of it.
CHUNK_SIZE = 8 * 1024 * 1024
# Bytes; a larger file that is opened is kept in a temporary file.
_MAX_IN_MEMORY = 16 * 1024 * 1024


class ObjectHeaders(NamedTuple):
    """What is stored with an object, and sent with it."""

    content_type: str
    cache_control: str
    content_disposition: str


class ObjectMediaStorage(ObjectBulkStorage):
    """
    Media in an object store other than S3: without a website that redirects missing files.

    A subclass is also a storage of django-storages, and says how the requests are made.
    """

    modes: ClassVar[Sequence[Mode]] = ("app", "failover")
    # The option of django-storages for how long presigned URLs are valid.
    seconds_option: ClassVar[str]

    querystring_auth: bool

    def __init__(self, **options: Any) -> None:
        self.access = pop_access(options)
        self.mode: Mode = options.pop("mode", "app")
        self.public_url_option: str | None = options.pop("public_url", None)
        self.delete_versions = options.pop("delete_versions", False)
        self._check_mode()
        # The bucket is private, and the view does not serve originals.
        is_presigned = not (self.access or self.public_url_option)
        self.querystring_auth = options.pop("querystring_auth", is_presigned)
        seconds = _PRIVATE_SECONDS if self.access else _PUBLIC_SECONDS
        super().__init__(**{self.seconds_option: seconds, **options})

    def _check_mode(self) -> None:
        if self.mode not in self.modes:
            raise ImproperlyConfigured(
                f"Unknown mode {self.mode!r}. Use one of: {', '.join(self.modes)}."
            )
        if self.mode == "failover" and self.access:
            raise ImproperlyConfigured('With "access": "private", the only mode is "app".')
        if self.mode == "failover" and not self.public_url_option:
            raise ImproperlyConfigured(
                'The mode "failover" requires "public_url": the URL of the CDN, such as'
                ' "https://media.example.com/".'
            )
        if self.access and self.public_url_option:
            raise ImproperlyConfigured(
                'With "access": "private", the app serves the URLs. Remove "public_url".'
            )

    # -- what a subclass defines ------------------------------------------------------------------

    @property
    @abstractmethod
    def bucket_url(self) -> str:
        """The URL of all keys at the service itself, with a final slash."""

    @property
    @abstractmethod
    def can_presign(self) -> bool:
        """Whether the credentials can sign URLs."""

    @abstractmethod
    def _presign(self, key: str, seconds: int, method: str) -> str:
        """Return a URL that lets anyone read an object."""

    @abstractmethod
    def _create(self, key: str, content: "File[bytes]", headers: ObjectHeaders) -> bool:
        """Store an object unless it exists; return whether it was stored."""

    @abstractmethod
    def _copy(self, file: StoredFile, key: str, headers: ObjectHeaders) -> bool:
        """Have the service copy a file, unless the key exists; return whether that succeeded."""

    @abstractmethod
    def _download(self, key: str, sink: IO[bytes], max_bytes: int | None) -> None:
        """Write an object to a file; raise ``FileNotFoundError`` or ``FileTooLarge``."""

    @abstractmethod
    def _stat(self, key: str) -> ObjectSummary:
        """Return the size and time of an object; raise ``FileNotFoundError``."""

    @abstractmethod
    def stored_disposition(self, key: str) -> str:
        """Return the ``Content-Disposition`` of an object, or ""."""

    # -- URLs -------------------------------------------------------------------------------------

    def _name(self, key: str) -> str:
        """Return the name of an object; raise ``SuspiciousFileOperation``."""
        # Clients resolve these parts in URLs, so that they could lead out of the location.
        if not {".", ".."}.isdisjoint(key.split("/")):
            raise SuspiciousFileOperation(f"{key!r} is not the key of a file.")
        return self.prefix + key

    @property
    def media_url(self) -> str:
        if self.public_url_option:
            return self.public_url_option.rstrip("/") + "/"
        return mount_url(self.alias) if self.access else app_url(self.alias)

    def url(self, name: str | None, **options: Any) -> str:
        if name is None or self.access:
            return super().url(name)
        if self.querystring_auth:
            return self.presigned_url(name, self._seconds)
        if self.public_url_option:
            return self.public_url(name)
        # The app serves resizes only, so that media_url is of no use here.
        return self.bucket_url + filepath_to_uri(name)

    def presigned_url(self, key: str, seconds: int, method: str = "GET") -> str:
        with self.wrap_errors("sign", key):
            return self._presign(key, seconds, method)

    @property
    def _seconds(self) -> int:
        value: Any = getattr(self, self.seconds_option)
        return int(value.total_seconds()) if hasattr(value, "total_seconds") else int(value)

    @property
    def served_elsewhere(self) -> bool:
        if self.access is None:
            return False
        with self.wrap_errors("find credentials for", self.prefix):
            return self.can_presign

    def handover(self, key: str, method: str) -> Mapping[str, str]:
        if not self.served_elsewhere:
            return {}
        # While a browser keeps the redirect, it finds the file in its cache. The presigned URL must
        # outlive the redirect. That of a HEAD request is good for nothing else.
        kept = f"private, max-age={self._seconds // 2}" if method == "GET" else "private, no-store"
        return {
            "Location": self.presigned_url(key, self._seconds, method),
            "Cache-Control": kept,
        }

    # -- one object -------------------------------------------------------------------------------

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        sink = BytesIO()
        with self.wrap_errors("read", key):
            self._download(key, sink, max_bytes)
        return sink.getvalue()

    def put(self, key: str, data: bytes) -> None:
        # If another process has stored the same content, it is not replaced.
        with self.wrap_errors("write", key):
            self._create(key, ContentFile(data), self._headers(key))

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if mode != "rb":
            raise ValueError(f"Invalid mode {mode!r}. Media can only be opened with 'rb'.")
        file = tempfile.SpooledTemporaryFile(_MAX_IN_MEMORY)  # noqa: SIM115  # the caller closes it
        try:
            with self.wrap_errors("open", name):
                self._download(name, file, None)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return File(file, name)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        if _keys.is_original(name):
            return name  # A random UUID; _save() handles the case that it exists.
        return super().get_available_name(name, max_length=max_length)

    def _save(self, name: str, content: "File[bytes]") -> str:
        with self.wrap_errors("write", name):
            headers = self._headers(name, content)
            if isinstance(content, StoredFile) and self._copy(content, name, headers):
                return name
            while not self._create(name, content, headers):
                # It exists, possibly from an earlier attempt whose response was lost.
                name = self._another_name(name)
            return name

    def _another_name(self, name: str) -> str:
        is_original = _keys.is_original(name)
        return _keys.new_original(name) if is_original else self.get_available_name(name)

    def _headers(self, key: str, content: object = None) -> ObjectHeaders:
        return ObjectHeaders(
            served_content_type(key),
            self.access.cache_control() if self.access else cache_control(),
            kept_disposition(key, content) or content_disposition(key),
        )

    def size(self, name: str) -> int:
        with self.wrap_errors("read the size of", name):
            return self._stat(name).size

    def get_modified_time(self, name: str) -> datetime:
        with self.wrap_errors("read the date of", name):
            modified = self._stat(name).modified
        return modified if settings.USE_TZ else timezone.make_naive(modified)
