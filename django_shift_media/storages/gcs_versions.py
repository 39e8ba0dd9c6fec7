"""What Google Cloud Storage keeps of deleted objects: noncurrent and soft-deleted versions."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from google.api_core.exceptions import BadRequest, ClientError, Forbidden, NotFound, TooManyRequests

from django_shift_media.storages.erasure import Inventory, StoredItem
from django_shift_media.storages.object_storage import ObjectMediaStorage


class GoogleCloudVersions(ObjectMediaStorage):
    """List the versions of objects, and delete them for good."""

    @property
    @abstractmethod
    def bucket(self) -> Any:
        """The bucket of the client of this process."""

    @property
    @abstractmethod
    def patience(self) -> dict[str, Any]:
        """The timeouts of a request, as arguments."""

    def _versions(self, prefix: str) -> Iterator[StoredItem]:
        fields = "name,size,generation,timeDeleted"
        for page in self._pages(prefix, fields=fields, versions=True):
            for blob in page:
                kind: Any = "file" if blob.time_deleted is None else "version"
                yield StoredItem(kind, self._key(blob), blob.size, str(blob.generation))

    def _soft_deleted(self, prefix: str) -> Iterator[StoredItem]:
        fields = "name,size,generation,hardDeleteTime"
        for page in self._pages(prefix, fields=fields, soft_deleted=True):
            for blob in page:
                if until := blob.hard_delete_time:
                    key, id = self._key(blob), str(blob.generation)
                    yield StoredItem(
                        "soft-deleted file",
                        key,
                        blob.size,
                        id,
                        until=f"until {until.isoformat(' ', 'seconds')}",
                    )

    def _inventory(self, prefix: str) -> Inventory:
        inventory = Inventory([*self._versions(prefix)])
        try:
            inventory.items += self._soft_deleted(prefix)
        except BadRequest:
            pass  # the bucket has no soft delete policy
        except Forbidden as error:
            inventory.refused["listing soft-deleted files"] = str(error)
        return inventory

    def _delete_blob(self, item: StoredItem) -> None:
        # With its generation, a version is deleted for good.
        generation = int(item.id) if item.id else None
        self.bucket.delete_blob(self._name(item.key), generation=generation, **self.patience)

    def _refusal(self, error: Exception) -> str | None:
        if isinstance(error, NotFound):
            return ""
        if isinstance(error, ClientError) and not isinstance(error, TooManyRequests):
            return str(error)  # such as a hold or a retention policy
        return None
