"""All versions of the objects in a bucket: list them, delete them, and say why one remains."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby, islice
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from django_shift_media.naming import keys as _keys
from django_shift_media.storages.aws_partitions import is_aws_host
from django_shift_media.storages.bulk_storage import BATCH_SIZE
from django_shift_media.storages.erasure import Inventory, StoredItem, is_tombstone
from django_shift_media.storages.s3_bulk import S3BulkStorage
from django_shift_media.storages.s3_connection import http_status

# The id of the version that an object has in a bucket without versions.
_UNVERSIONED = "null"


class S3VersionedStorage(S3BulkStorage):
    """What a deletion leaves in a versioned bucket, and its removal."""

    # -- deleting versions ------------------------------------------------------------------------

    def delete_versions_of(self, keys: Collection[str]) -> dict[str, str]:
        """Delete all versions of these objects; return the error message of each that failed."""
        errors: dict[str, str] = {}
        for folder, names in groupby(sorted(keys), lambda key: key.rpartition("/")[0]):
            wanted = set(names)
            prefix = f"{folder}/" if folder else ""
            errors |= self.delete_versions_below(prefix, wanted.__contains__)
        return errors

    def delete_versions_below(
        self, prefix: str, matches: Callable[[str], bool] = lambda key: not is_tombstone(key)
    ) -> dict[str, str]:
        """Delete all versions of the objects whose keys begin with ``prefix`` and match."""
        with self.wrap_errors("delete versions of", prefix):
            listed = self._versions(self.bucket_name, prefix)
            items = [item for item in listed if matches(item.key)]
        return {item.key: message for item, message in self.delete_items(items).items()}

    def delete_items(self, items: Sequence[StoredItem]) -> dict[StoredItem, str]:
        """
        Delete versions, delete markers and multipart uploads for good.

        Return the reason of each that remains. Markers are deleted last, and only where nothing is
        behind them: without its marker, a version that is locked would be visible again.
        """
        reasons = self._abort([item for item in items if item.kind == "multipart upload"])
        markers = [item for item in items if item.kind == "delete marker"]
        versions = [item for item in items if item.kind in {"version", "file"}]
        reasons |= {item: self._why(item, text) for item, text in self._delete(versions)}
        kept = {item.key for item in reasons}
        reasons |= {item: "hides a version that remains" for item in markers if item.key in kept}
        reasons |= self._delete(item for item in markers if item.key not in kept)
        return reasons

    def _delete(self, items: Iterable[StoredItem]) -> Iterator[tuple[StoredItem, str]]:
        items = iter(items)
        while batch := {(item.key, item.id): item for item in islice(items, BATCH_SIZE)}:
            for object_id, message in self.delete_objects(list(batch)).items():
                yield batch[object_id], message

    def _abort(self, uploads: Iterable[StoredItem]) -> dict[StoredItem, str]:
        reasons = {}
        for item in uploads:
            with self.wrap_errors("abort the upload of", item.key):
                try:
                    self.client.abort_multipart_upload(
                        Bucket=self.bucket_name, Key=self.prefix + item.key, UploadId=item.id
                    )
                except ClientError as error:
                    if http_status(error) != 404:
                        reasons[item] = str(error)
        return reasons

    def _why(self, item: StoredItem, message: str) -> str:
        """Return why a version could not be deleted: its lock if it has one, or the error."""
        reasons = []
        with suppress(ClientError):  # such as missing permissions; then the message has to do
            head = self.client.head_object(
                Bucket=self.bucket_name, Key=self.prefix + item.key, VersionId=item.id
            )
            if mode := head.get("ObjectLockMode"):
                until = head["ObjectLockRetainUntilDate"].isoformat(" ", "seconds")
                reasons.append(f"Object Lock in {mode.lower()} mode until {until}")
            if head.get("ObjectLockLegalHoldStatus") == "ON":
                reasons.append("a legal hold")
        return " and ".join(reasons) or message

    # -- erasing ----------------------------------------------------------------------------------

    def find_items(self, original: str) -> Inventory:
        inventory, prefix = Inventory(), _keys.upload_prefix(original)
        with self.wrap_errors("list", prefix):
            versions = self._versions(self.bucket_name, prefix)
            if not self._collect(inventory, "listing versions", versions):
                pages = self.list_pages(prefix)
                files = (StoredItem("file", each.key, each.size) for page in pages for each in page)
                self._collect(inventory, "listing files", files)
            self._collect(inventory, "listing multipart uploads", self._multipart_uploads(prefix))
        return inventory

    def find_in_replicas(self, original: str) -> Inventory:
        inventory, prefix = Inventory(), _keys.upload_prefix(original)
        with self.wrap_errors("list the replicas of", prefix):
            for bucket in self._replicas(inventory):
                what = f"listing versions in the replica {bucket}"
                self._collect(inventory, what, self._versions(bucket, prefix, place=bucket))
        return inventory

    def _collect(self, inventory: Inventory, what: str, items: Iterable[StoredItem]) -> bool:
        """Add items of a listing; return whether the server has listed them, or note why not."""
        try:
            inventory.items += [item for item in items if not is_tombstone(item.key)]
        except ClientError as error:
            if self._is_unsupported(error):
                inventory.unsupported.append(what)
            elif http_status(error) in {403, 404}:
                inventory.refused[what] = str(error)
            else:
                raise
            return False
        return True

    def _is_unsupported(self, error: ClientError) -> bool:
        host = urlsplit(self.client.meta.endpoint_url).hostname or ""
        return http_status(error) in {405, 501} and not is_aws_host(host)

    def _versions(self, bucket: str, prefix: str, *, place: str = "") -> Iterator[StoredItem]:
        paginator = self.client.get_paginator("list_object_versions")
        start = len(self.prefix)
        for page in paginator.paginate(Bucket=bucket, Prefix=self.prefix + prefix):
            for version in page.get("Versions", ()):
                id = version["VersionId"]
                kind: Any = "file" if id == _UNVERSIONED else "version"
                yield StoredItem(kind, version["Key"][start:], version["Size"], id, place)
            for marker in page.get("DeleteMarkers", ()):
                key = marker["Key"][start:]
                yield StoredItem("delete marker", key, 0, marker["VersionId"], place)

    def _multipart_uploads(self, prefix: str) -> Iterator[StoredItem]:
        paginator = self.client.get_paginator("list_multipart_uploads")
        start = len(self.prefix)
        for page in paginator.paginate(Bucket=self.bucket_name, Prefix=self.prefix + prefix):
            for upload in page.get("Uploads", ()):
                yield StoredItem("multipart upload", upload["Key"][start:], 0, upload["UploadId"])

    def _replicas(self, inventory: Inventory) -> list[str]:
        """Return the buckets to which S3 copies this one."""
        try:
            response = self.client.get_bucket_replication(Bucket=self.bucket_name)
        except ClientError as error:
            if http_status(error) == 403:
                inventory.refused["listing replicas"] = str(error)
            elif http_status(error) != 404 and not self._is_unsupported(error):
                raise
            return []
        rules = response["ReplicationConfiguration"].get("Rules", ())
        return sorted({rule["Destination"]["Bucket"].rpartition(":")[2] for rule in rules})
