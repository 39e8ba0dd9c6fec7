"""List and delete many objects of Google Cloud and of Azure, with their versions."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django_shift_media.naming import keys as _keys
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import ObjectSummary, require_deleted
from django_shift_media.storages.erasure import Inventory, StoredItem, is_tombstone

# Neither service has a request that deletes many objects and is supported by its emulators.
_PARALLEL_DELETIONS = 16


class ObjectBulkStorage(MediaStorage):
    """The interface for maintenance. A subclass says how the requests are made."""

    location: str
    delete_versions: bool

    # -- what a subclass defines ------------------------------------------------------------------

    @abstractmethod
    def _pages(self, prefix: str, **options: Any) -> Iterator[Iterator[Any]]:
        """Yield pages of a listing, of the objects of the library."""

    @abstractmethod
    def _summary(self, blob: Any) -> ObjectSummary:
        """Return the summary of an object of such a page."""

    @abstractmethod
    def _delete_blob(self, item: StoredItem) -> None:
        """Delete an object or a version of it."""

    @abstractmethod
    def _refusal(self, error: Exception) -> str | None:
        """
        Return why an object remains after an error of ``_delete_blob()``, or "" if it is gone.

        Return None if the reason is not the object.
        """

    @abstractmethod
    def _inventory(self, prefix: str) -> Inventory:
        """Return all that the service has below a prefix, also what is soft-deleted."""

    @abstractmethod
    def _versions(self, prefix: str) -> Iterator[StoredItem]:
        """Yield all that the service has below a prefix, with ids where it has several."""

    # -- listings ----------------------------------------------------------------------------------

    @property
    def prefix(self) -> str:
        """The option ``location`` as a prefix of keys: empty, or with a final slash."""
        location = self.location.strip("/")
        return f"{location}/" if location else ""

    def _key(self, blob: Any) -> str:
        name: str = blob.name
        return name[len(self.prefix) :]

    def list_pages(self, prefix: str) -> Iterator[list[ObjectSummary]]:
        with self.wrap_errors("list", prefix):
            for page in self._pages(prefix):
                if found := [self._summary(blob) for blob in page]:
                    yield found

    def find_items(self, original: str) -> Inventory:
        prefix = _keys.upload_prefix(original)
        with self.wrap_errors("list", prefix):
            inventory = self._inventory(prefix)
        inventory.items = [item for item in inventory.items if not is_tombstone(item.key)]
        return inventory

    # -- deletions ---------------------------------------------------------------------------------

    def delete(self, name: str) -> None:
        """Delete a file; for an original, also delete all of its resizes."""
        super().delete(name)
        if self.delete_versions and _keys.is_original(name):
            prefix = _keys.upload_prefix(name)
            with self.wrap_errors("delete versions of", prefix):
                found = [item for item in self._versions(prefix) if not is_tombstone(item.key)]
            reasons = self.delete_items(found)
            require_deleted({item.key: reason for item, reason in reasons.items()})

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        reasons = self.delete_items([StoredItem("file", key) for key in keys])
        if self.delete_versions:  # those that the deletion has just made, too
            reasons |= self.delete_items(list(self._all_of(keys)))
        return {item.key: reason for item, reason in reasons.items()}

    def _all_of(self, keys: Iterable[str]) -> Iterator[StoredItem]:
        for key in keys:
            with self.wrap_errors("list versions of", key):
                yield from (item for item in self._versions(key) if item.key == key)

    def delete_items(self, items: Sequence[StoredItem]) -> dict[StoredItem, str]:
        if not items:
            return {}
        with (
            self.wrap_errors("delete", items[0].key),
            ThreadPoolExecutor(min(len(items), _PARALLEL_DELETIONS)) as pool,
        ):
            reasons = zip(items, pool.map(self._delete_item, items), strict=True)
            return {item: reason for item, reason in reasons if reason}

    def _delete_item(self, item: StoredItem) -> str:
        """Delete an object or a version of it; return why it remains, or ""."""
        if item.kind == "soft-deleted file":
            return f"soft delete keeps it {item.until}"
        try:
            self._delete_blob(item)
        except self.backend_errors as error:
            if (reason := self._refusal(error)) is None:
                raise
            return reason
        return ""
