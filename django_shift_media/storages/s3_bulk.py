"""The objects of a bucket by the thousand: list, delete, and copy them at the server."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from django_shift_media.naming import keys as _keys
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import Entry
from django_shift_media.storages.stored_file import StoredFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Behind all keys that begin with any prefix of ours.
_LAST = "\x7f"
# Bytes that a server copies within the time that a client waits for its first word.
_ONE_COPY = 64 * 1024 * 1024


class S3BulkStorage(MediaStorage):
    """What a bucket does better than storages in general."""

    parts = tuple(first + second for first in MediaStorage.parts for second in MediaStorage.parts)
    # Bytes of a file that are kept in memory while it is read; more go to a temporary file.
    max_memory_size = 16 * 1024 * 1024

    bucket_name: str
    endpoint_url: str | None

    if TYPE_CHECKING:

        @property
        def client(self) -> S3Client: ...

        @property
        def prefix(self) -> str: ...

        def get_object_parameters(self, name: str) -> dict[str, Any]: ...

    def list_pages(self, prefix: str) -> Iterator[list[Entry]]:
        after = ""
        while True:
            page, after = self._page(prefix, after)
            if page:
                yield page
            if not after:
                return

    def list_uploads(self, originals: Iterable[str]) -> Iterator[tuple[str, list[Entry]]]:
        # All keys k for which begin < k <= end are in the page, in their order.
        page: list[Entry] = []
        begin = end = ""
        for original in originals:
            prefix = after = _keys.upload_prefix(original)
            found: list[Entry] = []
            while after < prefix + _LAST:
                if not begin <= after < end:
                    begin = after
                    page, last = self._page("", after)
                    end = last or _LAST
                start = bisect_right(page, after, key=lambda entry: entry.key)
                stop = bisect_right(page, prefix + _LAST, key=lambda entry: entry.key)
                found += page[start:stop]
                after = end
            yield original, found

    def _page(self, prefix: str, after: str) -> tuple[list[Entry], str]:
        """Return the next entries after a key, in order, and the last key if there are more."""
        with self.wrap_errors("list", prefix):
            answer = self.client.list_objects_v2(
                Bucket=self.bucket_name,
                Prefix=self.prefix + prefix,
                StartAfter=self.prefix + after if after else "",
            )
        skipped = len(self.prefix)
        page = [
            Entry(entry["Key"][skipped:], entry["Size"], entry["LastModified"])
            for entry in answer.get("Contents", ())
        ]
        return page, page[-1].key if page and answer["IsTruncated"] else ""

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        if not keys:
            return {}
        objects = [{"Key": self.prefix + key} for key in keys]
        with self.wrap_errors("delete", keys[0]):
            answer = self.client.delete_objects(
                Bucket=self.bucket_name,
                Delete={"Objects": objects, "Quiet": True},  # type: ignore[typeddict-item]
            )
        skipped = len(self.prefix)
        return {error["Key"][skipped:]: error["Message"] for error in answer.get("Errors", ())}

    def copy_at_server(self, file: object, key: str) -> bool:
        """Store a file of another bucket under a key; return whether the server can do that."""
        if not isinstance(file, StoredFile) or not isinstance(file.storage, S3Storage):
            return False
        source = file.storage
        if source.endpoint_url != self.endpoint_url:
            return False
        try:
            self.client.copy(
                _address(file),
                self.bucket_name,
                self.prefix + key,
                ExtraArgs={**self.get_object_parameters(key), "MetadataDirective": "REPLACE"},
                SourceClient=source.connection.meta.client,
                Config=TransferConfig(multipart_threshold=_ONE_COPY, multipart_chunksize=_ONE_COPY),
            )
        except ClientError:  # who may write here may not read there: it takes two
            return False
        return True

    def has_same_content(self, key: str, file: StoredFile) -> bool:
        here = _etag_of(StoredFile(self, key))
        # An ETag that differs says nothing: pieces and encryption change it.
        return here is not None and (here == _etag_of(file) or super().has_same_content(key, file))


def _address(file: StoredFile) -> Any:
    storage: Any = file.storage
    return {
        "Bucket": storage.bucket_name,
        "Key": storage._normalize_name(clean_name(file.key)),
    }


def _etag_of(file: StoredFile) -> tuple[str, int] | None:
    """Return the ETag and the size of a file that is on S3, without reading it."""
    storage: Any = file.storage
    if not isinstance(storage, S3Storage):
        return None
    try:
        head = storage.connection.meta.client.head_object(**_address(file))
    except ClientError:  # which reading it will explain
        return None
    return head["ETag"].strip('"'), head["ContentLength"]
