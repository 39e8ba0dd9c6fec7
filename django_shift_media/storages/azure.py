"""The media storage on Azure Blob Storage, through django-storages."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import IO, Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.core.utils import parse_connection_string
from azure.storage.blob import (
    BlobClient,
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
    LinearRetry,
    generate_blob_sas,
)
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from storages.backends.azure_storage import AzureStorage

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.storages import object_storage
from django_shift_media.storages.azure_versions import AzureVersions
from django_shift_media.storages.base import check_size
from django_shift_media.storages.bulk_storage import BATCH_SIZE, ObjectSummary
from django_shift_media.storages.object_storage import ObjectHeaders
from django_shift_media.storages.per_process import PerProcess
from django_shift_media.storages.stored_file import StoredFile

# Bytes; the service copies no more in one request.
_MAX_COPY = 256 * 1024 * 1024
_COPY_SECONDS = 300


class AzureMediaStorage(AzureVersions, AzureStorage):  # type: ignore[misc]
    """
    Media in a container of Azure Blob Storage.

    Has the same options as django-storages' storage for Azure, and:

    ``mode``
        "app" (the default): the app serves resizes. "failover": a CDN serves the media from the
        container, and asks the app for missing resizes.
    ``public_url``
        The base URL of the media at a CDN. A key is appended to it. The mode "failover" needs it.
    ``access``
        "public" (the default): everyone may see the files. "private": only those whom
        ``permission`` allows may. The app redirects to URLs with a SAS, which are valid for
        ``expiration_secs`` seconds (300 by default), or sends the files if the credentials cannot
        sign.
    ``permission``
        The dotted path of a function that takes the request and the key of an original, and returns
        whether the user may see it and its resizes. By default, only the staff may.
    ``url_seconds``
        For how many seconds the app's URL of a private file is valid, at least (3600 by default)
        and at most twice as long.
    ``querystring_auth``
        Whether the URLs of originals of a public storage have a SAS. False is for containers that
        everyone may read. The default is True without ``public_url``.
    ``delete_versions``
        Whether a deletion also deletes all previous versions in an account with versioning; False
        by default.
    """

    backend_errors = (AzureError,)
    seconds_option = "expiration_secs"
    client_options: dict[str, Any]

    # Options of django-storages that would change the content or the keys of media.
    overwrite_files = False
    cache_control = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.client_options = {
            "connection_timeout": object_storage.CONNECT_TIMEOUT,
            "read_timeout": object_storage.READ_TIMEOUT,
            "retry_policy": LinearRetry(backoff=1, retry_total=1, random_jitter_range=0),
            "max_single_put_size": object_storage.CHUNK_SIZE,
            "max_block_size": object_storage.CHUNK_SIZE,
            **self.client_options,
        }
        self._clients = PerProcess(self._get_service_client)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_clients": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._clients = PerProcess(self._get_service_client)

    def _get_service_client(self) -> BlobServiceClient:
        if self.connection_string is not None:  # django-storages would not pass the options
            return BlobServiceClient.from_connection_string(
                self.connection_string, **self.client_options
            )
        client: BlobServiceClient = super()._get_service_client()
        return client

    @property
    def service_client(self) -> BlobServiceClient:
        """The client of this process: clients are thread-safe, but must not be forked."""
        return self._clients.get()

    @property
    def client(self) -> ContainerClient:
        return self.service_client.get_container_client(self.azure_container)

    def _blob(self, key: str) -> BlobClient:
        return self.client.get_blob_client(self._name(key))

    # -- URLs -------------------------------------------------------------------------------------

    @property
    def place(self) -> Hashable:
        given = parse_connection_string(self.connection_string) if self.connection_string else {}
        account = given.get("blobendpoint") or self.account_name
        return ("azure", account, self.azure_container, self.prefix)

    @property
    def bucket_url(self) -> str:
        container = self.client.url.partition("?")[0]
        if self.custom_domain:
            container = f"{self.azure_protocol}://{self.custom_domain}/{self.azure_container}"
        return f"{container}/{self.prefix}"

    @property
    def can_presign(self) -> bool:
        return bool(self.account_key or self.token_credential)

    def _presign(self, key: str, seconds: int, method: str) -> str:
        if not self.can_presign:
            raise ImproperlyConfigured(
                'The credentials of the media storage cannot sign URLs. Set "account_key" or'
                ' "token_credential" in its OPTIONS.'
            )
        expiry = datetime.now(UTC) + timedelta(seconds=seconds)
        # A file that was copied from a public storage says that everyone may cache it.
        headers: dict[str, Any] = (
            {"cache_control": f"private, max-age={seconds}"} if self.access else {}
        )
        token = generate_blob_sas(
            self.account_name,
            self.azure_container,
            self._name(key),
            account_key=self.account_key,
            # django-storages compares with times of UTC without a time zone.
            user_delegation_key=self.get_user_delegation_key(expiry.replace(tzinfo=None)),
            permission=BlobSasPermissions(read=True),
            expiry=expiry,
            **headers,
        )
        return f"{self.bucket_url}{key}?{token}"

    # -- one object -------------------------------------------------------------------------------

    def exists(self, key: str) -> bool:
        with self.wrap_errors("check", key):
            return self._blob(key).exists()

    def _download(self, key: str, sink: IO[bytes], max_bytes: int | None) -> None:
        part: dict[str, Any] = {} if max_bytes is None else {"offset": 0, "length": max_bytes + 1}
        with self._missing(key):
            try:
                stream = self._blob(key).download_blob(**part)
            except HttpResponseError as error:
                if error.status_code != 416:  # no part of an empty file can be asked for
                    raise
                return
            if max_bytes is not None and stream.size > max_bytes:
                check_size(self._stat(key).size, max_bytes)
            stream.readinto(sink)

    def _stat(self, key: str) -> ObjectSummary:
        with self._missing(key):
            properties = self._blob(key).get_blob_properties()
            return ObjectSummary(key, properties.size, properties.last_modified)

    def stored_disposition(self, key: str) -> str:
        with self.wrap_errors("read", key):
            try:
                settings = self._blob(key).get_blob_properties().content_settings
            except ResourceNotFoundError:
                return ""
            return settings.content_disposition or ""

    def _create(self, key: str, content: "File[bytes]", headers: ObjectHeaders) -> bool:
        content.seek(0)
        try:
            self._blob(key).upload_blob(
                content,
                length=content.size,
                overwrite=False,  # If-None-Match: *
                content_settings=self._content_settings(key, headers),
            )
        except ResourceExistsError:
            return False
        return True

    def _copy(self, file: StoredFile, key: str, headers: ObjectHeaders) -> bool:
        source, target = file.storage, self._blob(key)
        if not isinstance(source, AzureMediaStorage) or not source.can_presign:
            return False
        if source.size(file.key) > _MAX_COPY:
            return False
        try:
            target.start_copy_from_url(
                source._presign(file.key, _COPY_SECONDS, "GET"),
                requires_sync=True,
                match_condition=MatchConditions.IfMissing,
            )
            # The copy has the headers of the source.
            target.set_http_headers(self._content_settings(key, headers))
        except HttpResponseError:  # for example, another account is not reachable from this one
            return False
        return True

    def _content_settings(self, key: str, headers: ObjectHeaders) -> ContentSettings:
        return ContentSettings(**{**headers._asdict(), **self.get_object_parameters(key)})

    @contextmanager
    def _missing(self, key: str) -> Iterator[None]:
        """Raise ``FileNotFoundError`` if an object does not exist."""
        try:
            yield
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", None) == "ContainerNotFound":
                raise StorageUnavailable(
                    f"The container {self.azure_container!r} does not exist."
                ) from error
            raise FileNotFoundError(key) from error

    # -- many objects -----------------------------------------------------------------------------

    def _summary(self, blob: Any) -> ObjectSummary:
        return ObjectSummary(self._key(blob), blob.size, blob.last_modified)

    def _pages(self, prefix: str, **options: Any) -> Iterator[Iterator[Any]]:
        return self.client.list_blobs(
            self.prefix + prefix, results_per_page=BATCH_SIZE, **options
        ).by_page()
