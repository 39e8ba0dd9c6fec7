"""List, delete and compare many objects of a bucket, and copy them server-side."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from django_shift_media.naming import keys as _keys
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import PREFIX_END, ObjectSummary, gaps_between
from django_shift_media.storages.s3_connection import S3Connection, http_status
from django_shift_media.storages.stored_file import StoredFile, kept_disposition

# Bytes; a server copies this much in one request before the read timeout of the client.
_MAX_SINGLE_COPY = 64 * 1024 * 1024

# A key, and the id of a version; "" stands for the present one, which a delete marker may hide.
ObjectId = tuple[str, str]


class S3BulkStorage(MediaStorage, S3Connection):
    """The interface for maintenance, with the bulk requests of S3."""

    listing_prefixes = tuple(
        first + second
        for first in MediaStorage.listing_prefixes
        for second in MediaStorage.listing_prefixes
    )
    # An option of django-storages: larger files are read through a temporary file, in bytes.
    max_memory_size = 16 * 1024 * 1024
    # Until the server has refused it.
    _has_batch_delete = True

    def list_pages(self, prefix: str) -> Iterator[list[ObjectSummary]]:
        after = ""
        while True:
            page, after = self._page(prefix, after)
            if page:
                yield page
            if not after:
                return

    def list_parts(self) -> Sequence[Iterator[list[ObjectSummary]]]:
        return [self._list_others(), *map(self.list_pages, self.listing_prefixes)]

    def _list_others(self) -> Iterator[list[ObjectSummary]]:
        """List what none of the prefixes begins, with a request for each gap between them."""
        for after, end in gaps_between(self.listing_prefixes):
            while True:
                page, after = self._page("", after)
                others = [each for each in page if not each.key.startswith(self.listing_prefixes)]
                if found := [each for each in others if not end or each.key < end]:
                    yield found
                if not after or (end and after >= end):
                    break

    def list_uploads(self, originals: Iterable[str]) -> Iterator[tuple[str, list[ObjectSummary]]]:
        # The page has all keys k with begin < k <= end, sorted.
        page: list[ObjectSummary] = []
        begin = end = ""
        for original in originals:
            prefix = after = _keys.upload_prefix(original)
            found: list[ObjectSummary] = []
            while after < prefix + PREFIX_END:
                if not begin <= after < end:
                    begin = after
                    page, last = self._page("", after)
                    end = last or PREFIX_END
                start = bisect_right(page, after, key=lambda summary: summary.key)
                stop = bisect_right(page, prefix + PREFIX_END, key=lambda summary: summary.key)
                found += page[start:stop]
                after = end
            yield original, found

    def _page(self, prefix: str, after: str) -> tuple[list[ObjectSummary], str]:
        """Return the objects after a key, sorted, and the last key if there are more objects."""
        with self.wrap_errors("list", prefix):
            response = self.client.list_objects_v2(
                Bucket=self.bucket_name,
                Prefix=self.prefix + prefix,
                StartAfter=self.prefix + after if after else "",
            )
        start = len(self.prefix)
        page = [
            ObjectSummary(summary["Key"][start:], summary["Size"], summary["LastModified"])
            for summary in response.get("Contents", ())
        ]
        return page, page[-1].key if page and response["IsTruncated"] else ""

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        errors = self.delete_objects([(key, "") for key in keys])
        return {key: message for (key, _), message in errors.items()}

    def delete_objects(self, objects: Sequence[ObjectId]) -> dict[ObjectId, str]:
        """
        Delete up to ``BATCH_SIZE`` objects; return the error message of each that failed.

        A version that is given by its id is deleted for good.
        """
        if not objects:
            return {}
        with self.wrap_errors("delete", objects[0][0]):
            if self._has_batch_delete:
                try:
                    return self._delete_batch(objects)
                except ClientError as error:
                    if not _requires_md5(error):
                        raise
                    self._has_batch_delete = False
            return self._delete_singly(objects)

    def _delete_batch(self, objects: Sequence[ObjectId]) -> dict[ObjectId, str]:
        response = self.client.delete_objects(
            Bucket=self.bucket_name,
            Delete={"Objects": [self._identifier(each) for each in objects], "Quiet": True},
        )
        messages = {
            (error["Key"][len(self.prefix) :], error.get("VersionId", "")): error["Message"]
            for error in response.get("Errors", ())
        }
        # Not every server names the version in an error.
        found = {each: messages.get(each) or messages.get((each[0], "")) for each in objects}
        return {each: message for each, message in found.items() if message}

    def _delete_singly(self, objects: Sequence[ObjectId]) -> dict[ObjectId, str]:
        failed = {}
        for each in objects:
            try:
                self.client.delete_object(Bucket=self.bucket_name, **self._identifier(each))
            except ClientError as error:
                failed[each] = str(error)
        return failed

    def _identifier(self, object_id: ObjectId) -> Any:
        key, version = object_id
        return {"Key": self.prefix + key, **({"VersionId": version} if version else {})}

    def copy_at_server(self, file: object, key: str) -> bool:
        """Copy a file of another bucket without downloading it; return whether that succeeded."""
        if not isinstance(file, StoredFile) or not isinstance(file.storage, S3Storage):
            return False
        source = file.storage
        if source.endpoint_url != self.endpoint_url:
            return False
        try:
            self._copy(file, key, self._get_write_parameters(key, file))
        except ClientError:  # for example, these credentials may not read the other bucket
            return False
        return True

    def adopt(self, source: str, key: str) -> int:
        """
        Copy what another program has stored to a key, with the headers of this storage.

        Return its size in bytes. Raise ``FileNotFoundError`` if there is nothing.
        """
        file = StoredFile(self, source)
        with self.wrap_errors("copy", source):
            try:
                size: int = self.client.head_object(**_bucket_and_key(file))["ContentLength"]
            except ClientError as error:
                if http_status(error) == 404:
                    raise FileNotFoundError(source) from error
                raise
            self._copy(file, key, self._get_write_parameters(key))
        return size

    def _copy(self, file: StoredFile, key: str, parameters: dict[str, Any]) -> None:
        """Copy an object of any bucket at this server, with other headers."""
        storage: Any = file.storage
        self.client.copy(
            _bucket_and_key(file),
            self.bucket_name,
            self.prefix + key,
            ExtraArgs={**parameters, "MetadataDirective": "REPLACE"},
            SourceClient=storage.connection.meta.client,
            Config=TransferConfig(
                multipart_threshold=_MAX_SINGLE_COPY, multipart_chunksize=_MAX_SINGLE_COPY
            ),
        )

    def disposition_of(self, key: str, content: object) -> dict[str, str]:
        """Return the parameter ``ContentDisposition`` of a file that has an original name."""
        disposition = kept_disposition(key, content)
        return {"ContentDisposition": disposition} if disposition else {}

    def stored_disposition(self, key: str) -> str:
        """Return the ``Content-Disposition`` of an object, or ""."""
        with suppress(ClientError):  # copying it will raise a better error
            head = self.client.head_object(**_bucket_and_key(StoredFile(self, key)))
            return head.get("ContentDisposition", "")
        return ""

    def has_same_content(self, key: str, file: StoredFile) -> bool:
        etag = _etag_and_size(StoredFile(self, key))
        if etag is None:
            return False
        # Equal content may have different ETags, which depend on multipart uploads and encryption.
        return etag == _etag_and_size(file) or super().has_same_content(key, file)


def _requires_md5(error: ClientError) -> bool:
    """
    Return whether a server refuses a batch because it has no MD5 checksum.

    The AWS SDKs send a newer checksum since 2025 (boto3 1.36), which MinIO and servers made from it
    do not accept there: https://github.com/aws/aws-sdk-ruby/issues/3167.
    """
    return "md5" in f"{error.response['Error']['Code']} {error}".lower()


def _bucket_and_key(file: StoredFile) -> Any:
    storage: Any = file.storage
    return {
        "Bucket": storage.bucket_name,
        "Key": storage._normalize_name(clean_name(file.key)),
    }


def _etag_and_size(file: StoredFile) -> tuple[str, int] | None:
    """Return the ETag and the size of a file on S3, or None; do not download it."""
    storage: Any = file.storage
    if not isinstance(storage, S3Storage):
        return None
    try:
        head = storage.connection.meta.client.head_object(**_bucket_and_key(file))
    except ClientError:  # reading the file will raise a better error
        return None
    return head["ETag"].strip('"'), head["ContentLength"]
