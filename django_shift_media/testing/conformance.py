"""Tests of the contract of media storages, for a storage of one's own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from django_shift_media.exceptions import FileTooLarge
from django_shift_media.naming import keys
from django_shift_media.storages.erasure import erase_upload, tombstone_of
from django_shift_media.testing.conformance_helpers import (
    CONTENT,
    ConformanceHelpers,
    new_original,
    observed,
    require,
    require_missing,
    resize_of,
)

# Bytes; large enough that a thread reads while another writes.
_LARGE = 4 * 1024 * 1024
# The clocks of servers differ.
_CLOCK_DIFFERENCE = timedelta(days=1)


class StorageConformance(ConformanceHelpers):
    """
    A test for each rule of the contract of media storages.

    Inherit also from a test case of Django, or with pytest, from this class only. Set ``storage``
    before each test, in ``setUp()`` or in a fixture. The storage need not be empty: what a test
    stores has random keys, and is deleted afterwards.
    """

    # -- one object -------------------------------------------------------------------------------

    def test_a_missing_object_does_not_exist(self) -> None:
        key = new_original()
        require(not self.storage.exists(key), "exists() is true for a missing object")

    def test_get_of_a_missing_object_raises_file_not_found_error(self) -> None:
        require_missing(lambda: self.storage.get(new_original()), "get()")
        require_missing(lambda: self.storage.get(new_original(), max_bytes=1), "get(max_bytes=1)")

    def test_open_of_a_missing_object_raises_file_not_found_error(self) -> None:
        require_missing(lambda: self.storage.open(new_original()).read(), "open().read()")

    def test_an_original_is_stored_under_exactly_its_key(self) -> None:
        with self._upload() as original:
            require(keys.is_original(original), "save() returned {!r}, not an original", original)
            require(self.storage.exists(original), "exists() is false after save()")
            self._require_keys(original, {original})

    def test_an_original_is_read_as_it_was_saved(self) -> None:
        with self._upload() as original:
            require(self.storage.get(original) == CONTENT, "get() returned other bytes")
            with self.storage.open(original) as file:
                require(file.read() == CONTENT, "open().read() returned other bytes")
            size = self.storage.size(original)
            require(size == len(CONTENT), "size() returned {}, not {}", size, len(CONTENT))

    def test_an_original_is_never_overwritten(self) -> None:
        with self._upload() as first:
            second = self.storage.save(first, ContentFile(b"another file"))
            try:
                require(self.storage.get(first) == CONTENT, "save() has overwritten an original")
                require(second != first, "save() returned a key that exists")
                require(keys.is_original(second), "save() returned {!r}, not an original", second)
                require(self.storage.get(second) == b"another file", "the second file is another")
            finally:
                self.storage.delete(second)

    def test_a_resize_is_stored_under_exactly_its_key(self) -> None:
        with self._upload() as original:
            resize = self._put(original)
            require(self.storage.exists(resize), "exists() is false after put()")
            require(self.storage.get(resize) == CONTENT, "get() returned other bytes")
            self._require_keys(original, {original, resize})

    def test_a_resize_may_be_stored_again(self) -> None:
        with self._upload() as original:
            resize = self._put(original)
            self.storage.put(resize, CONTENT)
            require(self.storage.get(resize) == CONTENT, "get() returned other bytes")
            self._require_keys(original, {original, resize})

    def test_a_resize_appears_whole(self) -> None:
        data = b"x" * _LARGE
        with self._upload() as original, ThreadPoolExecutor(1) as pool:
            resize = resize_of(original)
            is_stored = threading.Event()
            seen = pool.submit(self._first_sight, resize, is_stored)
            try:
                self.storage.put(resize, data)
            finally:
                is_stored.set()
            size = len(seen.result())
            require(size == _LARGE, "get() returned {} of {} bytes during put()", size, _LARGE)

    def test_get_refuses_more_than_max_bytes(self) -> None:
        with self._upload() as original:
            size = len(CONTENT)
            require(self.storage.get(original, max_bytes=size) == CONTENT, "get() cut the file")
            try:
                self.storage.get(original, max_bytes=size - 1)
            except FileTooLarge:
                return
            raise AssertionError("get(max_bytes=…) did not raise FileTooLarge")

    # -- deletions --------------------------------------------------------------------------------

    def test_deleting_an_original_deletes_its_resizes(self) -> None:
        with self._upload() as original:
            resizes = [self._put(original, width) for width in (1, 2)]
            self.storage.delete(original)
            for key in (original, *resizes):
                require(not self.storage.exists(key), "delete() left {!r}", key)
            self._require_keys(original, set())

    def test_an_original_is_deleted_before_its_resizes_are_listed(self) -> None:
        with self._upload() as original:
            self._put(original)
            seen: list[str] = []
            with observed(self.storage, original, seen):
                self.storage.delete(original)
            require(not seen, "{} was called while the original existed", ", ".join(seen))

    def test_deleting_an_original_leaves_other_uploads(self) -> None:
        with self._upload() as original, self._upload() as other:
            resize = self._put(other)
            self.storage.delete(original)
            self._require_keys(other, {other, resize})

    def test_deleting_a_resize_leaves_its_original(self) -> None:
        with self._upload() as original:
            resize, other = self._put(original, 1), self._put(original, 2)
            self.storage.delete(resize)
            self._require_keys(original, {original, other})

    def test_deleting_a_missing_object_is_no_error(self) -> None:
        original = new_original()
        self.storage.delete(original)
        self.storage.delete(resize_of(original))

    def test_delete_many_deletes_what_it_is_given(self) -> None:
        with self._upload() as original:
            first, second, third = (self._put(original, width) for width in (1, 2, 3))
            errors = self.storage.delete_many([first, second])
            require(not errors, "delete_many() returned errors: {}", errors)
            self._require_keys(original, {original, third})

    def test_delete_many_of_an_original_leaves_its_resizes(self) -> None:
        with self._upload() as original:
            resize = self._put(original)
            self.storage.delete_many([original])
            self._require_keys(original, {resize})
            self.storage.delete_many([resize])

    def test_delete_many_of_missing_objects_is_no_error(self) -> None:
        original = new_original()
        errors = self.storage.delete_many([original, resize_of(original)])
        require(not errors, "delete_many() returned errors: {}", errors)

    def test_an_erasure_leaves_the_tombstone_only(self) -> None:
        with self._upload() as original:
            self._put(original)
            erasure = erase_upload(self.storage, original)
            try:
                require(not erasure.remaining, "erasing has left {}", erasure.remaining)
                self._require_keys(original, {tombstone_of(original)})
                self.storage.delete(original)
                self._require_keys(original, {tombstone_of(original)})
            finally:
                self.storage.delete_many([tombstone_of(original)])

    # -- listings ---------------------------------------------------------------------------------

    def test_a_listing_has_every_object_below_a_prefix(self) -> None:
        with self._upload() as original, self._upload() as other:
            resize = self._put(original)
            folder = keys.upload_prefix(original)
            for prefix in (folder[:11], folder[:-3], folder, original[:-2], resize):
                expected = {key for key in (original, resize) if key.startswith(prefix)}
                listed = {item.key for item in self._listed(prefix)}
                require(expected <= listed, "list_pages({!r}) has not {}", prefix, expected)
                require(other not in listed, "list_pages({!r}) has {!r}", prefix, other)

    def test_a_listing_of_nothing_is_empty(self) -> None:
        require(not self._listed(keys.upload_prefix(new_original())), "list_pages() has objects")

    def test_a_listing_has_sizes_and_times(self) -> None:
        with self._upload() as original:
            (item,) = self._listed(original)
            require(item.size == len(CONTENT), "the size is {}, not {}", item.size, len(CONTENT))
            require(timezone.is_aware(item.modified), "the time is naive: {}", item.modified)
            difference = abs(timezone.now() - item.modified)
            require(difference < _CLOCK_DIFFERENCE, "the time is wrong: {}", item.modified)

    def test_the_listing_prefixes_begin_every_key_once(self) -> None:
        for digit in "0123456789abcdef":
            key = digit + new_original()[1:]
            found = [each for each in self.storage.listing_prefixes if key.startswith(each)]
            require(len(found) == 1, "{} prefixes in listing_prefixes begin {!r}", len(found), key)

    def test_uploads_are_listed_with_their_objects(self) -> None:
        with self._upload() as first, self._upload() as second:
            expected = {first: {first, self._put(first)}, second: {second}}
            uploads = self.storage.list_uploads(sorted(expected))
            found = {original: {item.key for item in items} for original, items in uploads}
            require(found == expected, "list_uploads() yielded {}", found)

    # -- names ------------------------------------------------------------------------------------

    def test_urls_begin_with_the_url_of_the_media(self) -> None:
        original = new_original()
        base = self.storage.media_url
        require(base.endswith("/"), "media_url is {!r}, without a final slash", base)
        resize = resize_of(original)
        url = self.storage.resize_url(resize)
        require(url.startswith(base + resize), "resize_url() returned {!r}", url)

    def test_the_place_identifies_the_storage(self) -> None:
        same = {self.storage.place, self.storage.place}
        require(len(same) == 1, "place is not the same twice: {}", same)
