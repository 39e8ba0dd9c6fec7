"""What Google Cloud Storage keeps of deleted objects: noncurrent and soft-deleted versions."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from google.api_core.exceptions import BadRequest, ClientError, Forbidden, NotFound, TooManyRequests

from django_shift_media.naming import keys as _keys
from django_shift_media.storages.erasure import Inventory, StoredItem, is_tombstone
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

    @abstractmethod
    def _pages(self, prefix: str, fields: str, **options: Any) -> Iterator[Iterator[Any]]:
        """Yield pages of a listing with these fields."""

    def _versions(self, prefix: str) -> Iterator[StoredItem]:
        fields = "name,size,generation,timeDeleted"
        for page in self._pages(prefix, fields, versions=True):
            for blob in page:
                kind: Any = "file" if blob.time_deleted is None else "version"
                yield StoredItem(kind, self._key(blob), blob.size, str(blob.generation))

    def _soft_deleted(self, prefix: str) -> Iterator[StoredItem]:
        fields = "name,size,generation,hardDeleteTime"
        for page in self._pages(prefix, fields, soft_deleted=True):
            for blob in page:
                if until := blob.hard_delete_time:
                    key, id = self._key(blob), str(blob.generation)
                    yield StoredItem(
                        "soft-deleted file",
                        key,
                        blob.size,
                        id,
                        until=until.isoformat(" ", "seconds"),
                    )

    def _key(self, blob: Any) -> str:
        name: str = blob.name
        return name[len(self.prefix) :]

    def find_items(self, original: str) -> Inventory:
        inventory, prefix = Inventory(), _keys.upload_prefix(original)
        with self.wrap_errors("list", prefix):
            items = [*self._versions(prefix)]
            try:
                items += self._soft_deleted(prefix)
            except BadRequest:
                pass  # the bucket has no soft delete policy
            except Forbidden as error:
                inventory.refused["listing soft-deleted files"] = str(error)
        inventory.items += [item for item in items if not is_tombstone(item.key)]
        return inventory

    def _delete_item(self, item: StoredItem) -> str:
        if item.kind == "soft-deleted file":
            return f"soft delete keeps it until {item.until}"
        try:
            # With its generation, a version is deleted for good.
            generation = int(item.id) if item.id else None
            self.bucket.delete_blob(self._name(item.key), generation=generation, **self.patience)
        except NotFound:
            pass
        except TooManyRequests:
            raise
        except ClientError as error:  # such as a hold or a retention policy
            return str(error)
        return ""
