"""Delete all that a storage has of an upload, and keep a tombstone in its place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.naming import keys

if TYPE_CHECKING:
    from django_shift_media.storages.base import MediaStorage

# The file name of a tombstone, in the folder of the upload. It never changes: tombstones stay.
TOMBSTONE = "erased"
TOMBSTONE_CONTENT = b"This upload was erased.\n"
# Each pass deletes what others have stored since the one before.
_PASSES = 4
_LATE = "stored during the erasure"

COMPLETED = "Completed"

Kind = Literal[
    "file",
    "version",
    "delete marker",
    "multipart upload",
    "temporary file",
    "snapshot",
    "soft-deleted file",
]


class StoredItem(NamedTuple):
    """
    A part of an upload: a file, a version of it, or a file that is not complete.

    ``size`` is in bytes. ``id`` is that of the version or of the multipart upload. ``place`` is the
    name of a replica that has the item; "" is the storage itself. ``until`` says how
    long a soft-deleted file is kept, such as "for 3 more days".
    """

    kind: Kind
    key: str
    size: int = 0
    id: str = ""
    place: str = ""
    until: str = ""


@dataclass(slots=True)
class Inventory:
    """
    What a storage has of an upload, without the tombstone.

    ``refused`` is what the server has refused to do, such as "listing versions", and the reason of
    each. ``unsupported`` is what the server cannot do.
    """

    items: list[StoredItem] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unsupported: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Erasure:
    """The result of an erasure: what was deleted, and what remains, with the reasons."""

    erased: list[StoredItem]
    remaining: dict[StoredItem, str]
    refused: dict[str, str]
    unsupported: list[str]


class Invalidation(NamedTuple):
    """
    A request to a CDN to remove paths from its caches.

    ``bases`` are the URLs under which the CDN serves keys. ``error`` says why the CDN refused.
    ``get_status`` asks the CDN how far it is; at the end, it returns "Completed".
    """

    cdn: str
    paths: Sequence[str] = ()
    bases: Sequence[str] = ()
    id: str = ""
    error: str = ""
    get_status: Callable[[], str] = lambda: COMPLETED


def tombstone_of(original: str) -> str:
    """
    Return the key of the tombstone of an original.

    It does not contain the name of the file, which may say who somebody is.
    """
    return keys.upload_prefix(original) + TOMBSTONE


def is_tombstone(key: str) -> bool:
    return key[keys.UUID_LENGTH + 1 :] == TOMBSTONE


def erase_upload(storage: "MediaStorage", original: str) -> Erasure:
    """
    Delete an original and all that belongs to it; keep a tombstone.

    The tombstone is stored first. Who stores a file of an upload looks for it afterwards, so one of
    the two sees the other. Raise ``StorageUnavailable`` if the storage fails.
    """
    refused = _bury(storage, original)
    left = storage.find_items(original)
    found = dict.fromkeys(left.items)
    error = _hide(storage, original)
    reasons: dict[StoredItem, str] = {}
    for _ in range(_PASSES):
        left = storage.find_items(original)
        found |= dict.fromkeys(left.items)
        if not set(left.items) - reasons.keys():
            break
        reasons |= storage.delete_items(left.items)
    remaining = {item: reasons.get(item) or error or _LATE for item in left.items}
    replicas = storage.find_in_replicas(original)
    remaining |= dict.fromkeys(replicas.items, "a replica, which has to be erased by itself")
    erased = [item for item in found if item not in remaining]
    refused |= left.refused | replicas.refused
    return Erasure(erased, remaining, refused, left.unsupported)


def _bury(storage: "MediaStorage", original: str) -> dict[str, str]:
    """Store the tombstone; a failure, such as a full disk, prevents no erasure."""
    try:
        storage.bury(original)
    except StorageUnavailable as error:
        return {"storing the tombstone": str(error)}
    return {}


def _hide(storage: "MediaStorage", original: str) -> str:
    """
    Delete the files as ``delete()`` does; return the error message, if any.

    In a versioned bucket, this hides even those versions that cannot be deleted.
    """
    try:
        pages = storage.list_pages(keys.upload_prefix(original))
        if any(not is_tombstone(summary.key) for page in pages for summary in page):
            # Otherwise, each run would add a delete marker to an original that is locked.
            storage.delete(original)
    except StorageUnavailable as error:
        return str(error)
    return ""
