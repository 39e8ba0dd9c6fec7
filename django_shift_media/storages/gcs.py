"""The media storage on Google Cloud Storage, through django-storages."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, Any

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from google import auth
from google.api_core.exceptions import GoogleAPIError, NotFound, PreconditionFailed
from google.auth.credentials import Signing
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage import Blob, Bucket, Client
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from storages.backends.gcloud import GoogleCloudStorage

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.storages import object_storage
from django_shift_media.storages.base import check_size
from django_shift_media.storages.bulk_storage import BATCH_SIZE, ObjectSummary
from django_shift_media.storages.gcs_versions import GoogleCloudVersions
from django_shift_media.storages.object_storage import ObjectHeaders
from django_shift_media.storages.per_process import PerProcess
from django_shift_media.storages.stored_file import StoredFile

HOST = "https://storage.googleapis.com"
_CONNECTIONS = 32
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class GoogleCloudMediaStorage(GoogleCloudVersions, GoogleCloudStorage):  # type: ignore[misc]
    """
    Media in a bucket of Google Cloud Storage.

    Has the same options as django-storages' storage for Google Cloud, and:

    ``mode``
        "app" (the default): the app serves resizes. "failover": a CDN serves the media from the
        bucket, and asks the app for missing resizes.
    ``public_url``
        The base URL of the media at a CDN. A key is appended to it. The mode "failover" needs it.
    ``access``
        "public" (the default): everyone may see the files. "private": only those whom
        ``permission`` allows may. The app redirects to signed URLs, which are valid for
        ``expiration`` seconds (300 by default), or sends the files if the credentials cannot sign.
    ``permission``
        The dotted path of a function that takes the request and the key of an original, and returns
        whether the user may see it and its resizes. By default, only the staff may.
    ``url_seconds``
        For how many seconds the app's URL of a private file is valid, at least (3600 by default)
        and at most twice as long.
    ``querystring_auth``
        Whether the URLs of originals of a public storage are signed. False is for buckets that
        everyone may read. The default is True without ``public_url``.
    ``delete_versions``
        Whether a deletion also deletes all noncurrent versions in a bucket with versioning; False
        by default.
    ``endpoint_url``
        The URL of another server, such as an emulator.
    """

    backend_errors = (
        GoogleAPIError,
        GoogleAuthError,
        DataCorruption,
        InvalidResponse,
        RequestException,
    )
    seconds_option = "expiration"
    credentials: Any

    # Options of django-storages that would change the content or the keys of media.
    file_overwrite = False
    gzip = False
    default_acl = None

    def __init__(self, **options: Any) -> None:
        self.endpoint_url: str | None = options.pop("endpoint_url", None)
        super().__init__(**options)
        self._clients = PerProcess(self._new_client)
        if self.default_acl:
            raise ImproperlyConfigured(
                f"Unsupported default_acl {self.default_acl!r}. Remove it: buckets with uniform"
                " access have no ACLs. Grant allUsers the role Storage Object Viewer instead."
            )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_clients": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._clients = PerProcess(self._new_client)

    @property
    def client(self) -> Client:
        """The client of this process: clients are thread-safe, but must not be forked."""
        return self._clients.get()

    def _new_client(self) -> Client:
        if self.iam_sign_blob and not self.credentials:
            self.credentials, self.project_id = auth.default(scopes=[_SCOPE])
        endpoint = {"api_endpoint": self.endpoint_url} if self.endpoint_url else None
        client = Client(self.project_id, self.credentials, client_options=endpoint)
        for scheme in ("https://", "http://"):
            client._http.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))
        return client

    @property
    def bucket(self) -> Bucket:
        return self.client.bucket(self.bucket_name)

    def _blob(self, key: str, **options: Any) -> Blob:
        return self.bucket.blob(self._name(key), **options)

    @property
    def patience(self) -> dict[str, Any]:
        return {
            "timeout": (object_storage.CONNECT_TIMEOUT, object_storage.READ_TIMEOUT),
            "retry": DEFAULT_RETRY.with_timeout(object_storage.RETRY_SECONDS),
        }

    # -- URLs -------------------------------------------------------------------------------------

    @property
    def place(self) -> Hashable:
        return ("gcs", self.endpoint_url or HOST, self.bucket_name, self.prefix)

    @property
    def bucket_url(self) -> str:
        base = self.custom_endpoint or f"{self.endpoint_url or HOST}/{self.bucket_name}"
        return f"{base.rstrip('/')}/{self.prefix}"

    @property
    def can_presign(self) -> bool:
        return bool(self.iam_sign_blob) or isinstance(self.client._credentials, Signing)

    def _presign(self, key: str, seconds: int, method: str) -> str:
        options: dict[str, Any] = {}
        if self.iam_sign_blob:
            client = self.client  # which finds the credentials
            email, token = self._get_iam_sign_blob_params()
            options = {"client": client, "service_account_email": email, "access_token": token}
        try:
            url: str = self._blob(key).generate_signed_url(
                version="v4",
                expiration=timedelta(seconds=seconds),
                method=method,
                api_access_endpoint=self.endpoint_url or HOST,
                bucket_bound_hostname=self.custom_endpoint,
                **options,
            )
        except AttributeError as error:
            raise ImproperlyConfigured(
                f"The credentials of the media storage cannot sign URLs: {error} Set"
                ' "iam_sign_blob": True and "sa_email" in its OPTIONS.'
            ) from error
        return url

    # -- one object -------------------------------------------------------------------------------

    def exists(self, key: str) -> bool:
        with self.wrap_errors("check", key):
            return bool(self._blob(key).exists(**self.patience))

    def _download(self, key: str, sink: IO[bytes], max_bytes: int | None) -> None:
        with self._missing(key):
            try:
                self._blob(key).download_to_file(_Limited(sink, max_bytes), **self.patience)
            except _LimitExceeded:
                check_size(self._stat(key).size, max_bytes)

    def _stat(self, key: str) -> ObjectSummary:
        with self._missing(key):
            blob = self._blob(key)
            blob.reload(**self.patience)
            return ObjectSummary(key, blob.size, blob.updated)

    def stored_disposition(self, key: str) -> str:
        with self.wrap_errors("read", key):
            blob = self.bucket.get_blob(self._name(key), **self.patience)
            return (blob and blob.content_disposition) or ""

    def _create(self, key: str, content: "File[bytes]", headers: ObjectHeaders) -> bool:
        blob = self._described_blob(key, headers)
        try:
            blob.upload_from_file(
                content,
                rewind=True,
                size=content.size,
                content_type=blob.content_type,
                if_generation_match=0,  # only if there is none
                **self.patience,
            )
        except PreconditionFailed:
            return False
        return True

    def _copy(self, file: StoredFile, key: str, headers: ObjectHeaders) -> bool:
        source = file.storage
        if not isinstance(source, GoogleCloudMediaStorage):
            return False
        if source.endpoint_url != self.endpoint_url:
            return False
        blob, token = self._described_blob(key, headers), None
        try:
            while True:  # a large file, or one of another location, takes several requests
                token, _, _ = blob.rewrite(
                    source._blob(file.key), token=token, if_generation_match=0, **self.patience
                )
                if token is None:
                    return True
        except GoogleAPIError:  # for example, these credentials may not read the other bucket
            return False

    def _described_blob(self, key: str, headers: ObjectHeaders) -> Blob:
        blob = self._blob(key, chunk_size=object_storage.CHUNK_SIZE)
        for name, value in {**headers._asdict(), **self.get_object_parameters(key)}.items():
            setattr(blob, name, value)
        return blob

    @contextmanager
    def _missing(self, key: str) -> Iterator[None]:
        """Raise ``FileNotFoundError`` if an object does not exist."""
        try:
            yield
        except NotFound as error:
            if "bucket does not exist" in str(error):
                raise StorageUnavailable(
                    f"The bucket {self.bucket_name!r} does not exist."
                ) from error
            raise FileNotFoundError(key) from error

    # -- many objects -----------------------------------------------------------------------------

    def _summary(self, blob: Any) -> ObjectSummary:
        return ObjectSummary(self._key(blob), blob.size, blob.updated)

    def _pages(
        self, prefix: str, fields: str = "name,size,updated", **options: Any
    ) -> Iterator[Iterator[Blob]]:
        pages: Iterator[Iterator[Blob]] = self.bucket.list_blobs(
            prefix=self.prefix + prefix,
            page_size=BATCH_SIZE,
            fields=f"items({fields}),nextPageToken",
            **options,
            **self.patience,
        ).pages
        return pages


class _LimitExceeded(Exception):
    """A download has more bytes than it may have."""


class _Limited:
    """A file to write to, up to a number of bytes."""

    def __init__(self, file: IO[bytes], limit: int | None) -> None:
        self._file = file
        self._limit = limit

    def write(self, data: bytes) -> int:
        if self._limit is not None and self._file.tell() + len(data) > self._limit:
            raise _LimitExceeded
        return self._file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
