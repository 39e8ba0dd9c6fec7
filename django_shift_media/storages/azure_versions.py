"""What Azure keeps of deleted blobs: previous versions, snapshots and soft-deleted blobs."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from django_shift_media.storages.erasure import Inventory, StoredItem
from django_shift_media.storages.object_storage import ObjectMediaStorage

_WITH_VERSIONS = ("snapshots", "versions", "deleted", "uncommittedblobs")
# An account with a hierarchical namespace has no versions.
_WITHOUT_VERSIONS = ("snapshots", "deleted", "uncommittedblobs")
# The credentials are refused, or the account is busy: it is not because of the blob.
_OF_NO_BLOB = frozenset({401, 429})


class AzureVersions(ObjectMediaStorage):
    """List the versions and snapshots of blobs, and delete them for good."""

    @abstractmethod
    def _blob(self, key: str) -> Any:
        """Return a client of a blob."""

    def _versions(self, prefix: str) -> Iterator[StoredItem]:
        return (item for item in self._listed(prefix) if item.kind != "soft-deleted file")

    def _listed(self, prefix: str) -> list[StoredItem]:
        try:
            return list(self._items(prefix, _WITH_VERSIONS))
        except HttpResponseError as error:
            if error.status_code != 400:
                raise
            return list(self._items(prefix, _WITHOUT_VERSIONS))

    def _items(self, prefix: str, include: tuple[str, ...]) -> Iterator[StoredItem]:
        for page in self._pages(prefix, include=list(include)):
            for blob in page:
                yield self._item(blob)

    def _item(self, blob: Any) -> StoredItem:
        kind: Any = "file"
        if blob.deleted:
            kind = "soft-deleted file"
        elif blob.snapshot:
            kind = "snapshot"
        elif blob.version_id and not blob.is_current_version:
            kind = "version"
        elif blob.content_settings.content_type is None:  # no blob yet, but some of its blocks
            kind = "multipart upload"
        id = blob.snapshot or (blob.version_id if kind == "version" else "")
        days = blob.remaining_retention_days
        until = f"for {days} more days" if days is not None else ""
        return StoredItem(kind, self._key(blob), blob.size, id, until=until)

    def _inventory(self, prefix: str) -> Inventory:
        return Inventory(self._listed(prefix))

    def _delete_blob(self, item: StoredItem) -> None:
        blob = self._blob(item.key)
        if item.kind == "version":
            blob.delete_blob(version_id=item.id)
        elif item.kind == "snapshot":
            blob.delete_blob(snapshot=item.id)
        else:
            if item.kind == "multipart upload":  # blocks go only with a blob
                blob.commit_block_list([])
            blob.delete_blob(delete_snapshots="include")

    def _refusal(self, error: Exception) -> str | None:
        if isinstance(error, ResourceNotFoundError):
            return ""
        if isinstance(error, HttpResponseError):
            status = error.status_code or 0
            if 400 <= status < 500 and status not in _OF_NO_BLOB:
                return str(error.message)  # such as a lease or an immutability policy
        return None
