"""Media storages that break one rule of the contract each."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Any, ClassVar

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage

from django_shift_media.naming import keys
from django_shift_media.storages.base import check_size
from django_shift_media.storages.bulk_storage import ObjectSummary
from django_shift_media.storages.erasure import is_tombstone, tombstone_of
from django_shift_media.testing import InMemoryMediaStorage
from tests.support.waiting import PATIENCE

# From the test that a storage fails to its class.
BROKEN: dict[str, type[InMemoryMediaStorage]] = {}


class Sound(InMemoryMediaStorage):
    """What the broken ones have in common: they know the keys that were stored."""

    rule: ClassVar[str] = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.stored: set[str] = set()

    def __init_subclass__(cls) -> None:
        BROKEN[cls.rule] = cls

    def _save(self, name: str, content: Any) -> str:
        self.stored.add(name)
        return str(super()._save(name, content))  # type: ignore[misc]  # not in the stubs

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        while InMemoryStorage.exists(self, name):
            name = keys.new_original(name)
        return name

    def remove(self, some: Iterable[str]) -> None:
        for key in some:
            InMemoryStorage.delete(self, key)

    def remove_upload(self, name: str) -> None:
        """Do as ``delete()``, with none of the other methods of media storages."""
        self.remove([name])
        if keys.is_original(name):
            found = [item.key for page in Sound.list_pages(self, name[:37]) for item in page]
            self.remove(key for key in found if not is_tombstone(key))


class HasAllNewKeys(Sound):
    rule = "test_a_missing_object_does_not_exist"

    def exists(self, key: str) -> bool:
        return super().exists(key) or (keys.is_original(key) and key not in self.stored)


class RaisesItsOwnError(Sound):
    rule = "test_get_of_a_missing_object_raises_file_not_found_error"

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        if keys.is_original(key) and not self.exists(key):
            raise KeyError(key)
        return super().get(key, max_bytes=max_bytes)


class OpensNothing(Sound):
    rule = "test_open_of_a_missing_object_raises_file_not_found_error"

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        if not self.exists(key):
            raise FileNotFoundError(key)
        return super().get(key, max_bytes=max_bytes)

    def _open(self, name: str, mode: str = "rb") -> Any:
        if not self.exists(name):
            return ContentFile(b"")
        return super()._open(name, mode)  # type: ignore[misc]  # not in the stubs


class ShowsOriginalsLate(Sound):
    rule = "test_an_original_is_stored_under_exactly_its_key"

    def exists(self, key: str) -> bool:
        if keys.is_original(key) and key in self.stored:
            self.stored.remove(key)
            return False
        return super().exists(key)


class ShowsResizesLate(Sound):
    rule = "test_a_resize_is_stored_under_exactly_its_key"

    def exists(self, key: str) -> bool:
        if not keys.is_original(key) and key in self.stored:
            self.stored.remove(key)
            return False
        return super().exists(key)


class ConvertsLineEnds(Sound):
    rule = "test_an_original_is_read_as_it_was_saved"

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        return _content(self, key, max_bytes)

    def _open(self, name: str, mode: str = "rb") -> Any:
        return ContentFile(_content(self, name).replace(b"\r", b"\n"))


class Overwrites(Sound):
    rule = "test_an_original_is_never_overwritten"

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        self.remove([name])
        return name


class KeepsSecondCopies(Sound):
    rule = "test_a_resize_may_be_stored_again"

    def put(self, key: str, data: bytes) -> None:
        super().put(f"{key}_2" if self.exists(key) else key, data)


class WritesInParts(Sound):
    rule = "test_a_resize_appears_whole"

    def __init__(self) -> None:
        super().__init__()
        self.was_read = Event()

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        data = super().get(key, max_bytes=max_bytes)
        self.was_read.set()
        return data

    def put(self, key: str, data: bytes) -> None:
        if len(data) > 1_000_000:
            super().put(key, data[:100])
            self.was_read.wait(PATIENCE)
            self.remove([key])
        super().put(key, data)


class KnowsNoLimit(Sound):
    rule = "test_get_refuses_more_than_max_bytes"

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        return super().get(key)


class DeletesOriginalsOnly(Sound):
    rule = "test_deleting_an_original_deletes_its_resizes"

    def delete(self, name: str) -> None:
        self.remove([name])


class DeletesResizesFirst(Sound):
    rule = "test_an_original_is_deleted_before_its_resizes_are_listed"

    def delete(self, name: str) -> None:
        if keys.is_original(name):
            found = [item.key for item in self.find_items(name).items]
            self.delete_many([key for key in found if key != name])
        self.remove([name])


class DeletesOtherUploads(Sound):
    rule = "test_deleting_an_original_leaves_other_uploads"

    def delete(self, name: str) -> None:
        super().delete(name)
        if keys.is_original(name):
            found = [item.key for page in self.list_pages("") for item in page]
            self.remove(key for key in found if not is_tombstone(key))


class DeletesUploadsOfResizes(Sound):
    rule = "test_deleting_a_resize_leaves_its_original"

    def delete(self, name: str) -> None:
        super().delete(name)
        if not keys.is_original(name):
            self.remove([item.key for page in self.list_pages(name[:37]) for item in page])


class RefusesToDeleteNothing(Sound):
    rule = "test_deleting_a_missing_object_is_no_error"

    def delete(self, name: str) -> None:
        if not any(key.startswith(name[:37]) for key in self.stored):
            raise FileNotFoundError(name)
        super().delete(name)


class DeletesTheFirstOfMany(Sound):
    rule = "test_delete_many_deletes_what_it_is_given"

    def delete(self, name: str) -> None:
        self.remove_upload(name)

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        return super().delete_many(keys[:1])


class DeletesManyUploads(Sound):
    rule = "test_delete_many_of_an_original_leaves_its_resizes"

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        for key in keys:
            self.remove_upload(key)
        return {}


class ReportsWhatIsMissing(Sound):
    rule = "test_delete_many_of_missing_objects_is_no_error"

    def delete(self, name: str) -> None:
        self.remove_upload(name)

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        missing = {key: "Not found." for key in keys if not self.exists(key)}
        return super().delete_many(keys) | missing


class DeletesTombstones(Sound):
    rule = "test_an_erasure_leaves_the_tombstone_only"

    def delete(self, name: str) -> None:
        self.remove_upload(name)
        if keys.is_original(name):
            self.remove([tombstone_of(name)])


class ListsFoldersOnly(Sound):
    rule = "test_a_listing_has_every_object_below_a_prefix"

    def list_pages(self, prefix: str) -> Iterator[list[ObjectSummary]]:
        if prefix == "" or len(prefix) >= 37:
            yield from super().list_pages(prefix)


class ListsNothingAsSomething(Sound):
    rule = "test_a_listing_of_nothing_is_empty"

    def list_pages(self, prefix: str) -> Iterator[list[ObjectSummary]]:
        if not any(key.startswith(prefix) for key in self.stored):
            yield [ObjectSummary(prefix, 0, datetime.now(UTC))]
        yield from super().list_pages(prefix)


class ListsNaiveTimes(Sound):
    rule = "test_a_listing_has_sizes_and_times"

    def list_pages(self, prefix: str) -> Iterator[list[ObjectSummary]]:
        for page in super().list_pages(prefix):
            yield [item._replace(modified=item.modified.replace(tzinfo=None)) for item in page]


class ListsAPart(Sound):
    rule = "test_the_listing_prefixes_begin_every_key_once"

    listing_prefixes = tuple("0123456789")


class ListsNoUploads(Sound):
    rule = "test_uploads_are_listed_with_their_objects"

    def list_uploads(self, originals: Iterable[str]) -> Iterator[tuple[str, list[ObjectSummary]]]:
        yield from ((original, []) for original in originals)


class HasNoSlash(Sound):
    rule = "test_urls_begin_with_the_url_of_the_media"

    media_url = "/media"  # type: ignore[assignment]  # that is the mistake


class IsNowhere(Sound):
    rule = "test_the_place_identifies_the_storage"

    @property
    def place(self) -> Any:
        return object()


def _content(storage: Any, key: str, max_bytes: int | None = None) -> bytes:
    """Return what is stored, before ``_open()`` changes it."""
    with storage._lock, InMemoryStorage._open(storage, key) as file:
        check_size(file.size, max_bytes)
        data: bytes = file.read()
        return data
