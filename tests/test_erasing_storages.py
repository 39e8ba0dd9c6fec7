"""``erase_media`` where there are two media storages."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment, Photo
from tests.support.second_storage import on_disk, store_attachments_in
from tests.support.stored_objects import keys_of, new_key, put, resize_of, tend

pytestmark = pytest.mark.django_db


@pytest.fixture
def private(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> MediaStorage:
    return store_attachments_in(settings, monkeypatch, on_disk(tmp_path / "private"))


def erase(*arguments: str) -> dict[str, Any]:
    return tend("erase_media", *arguments, "--no-requests", "--no-input")


def test_a_key_is_erased_in_one_storage_and_its_rows(private: MediaStorage, photo: Photo) -> None:
    name = str(photo.photo.name)
    put(private, name)
    Attachment.objects.bulk_create([Attachment(file=name)])
    document = erase(name, "--storage", "private", "--clear-rows")
    assert document["counts"]["cleared"] == 1
    assert keys_of(private) == {f"{name[:37]}erased"}
    assert keys_of(media_storage()) == {name}
    assert Photo.objects.get().photo.name == name
    assert not Attachment.objects.get().file


def test_rows_are_erased_in_all_storages(private: MediaStorage, small_jpeg: bytes) -> None:
    """Also in that of a copy."""
    row = Attachment.objects.create(preview=ContentFile(small_jpeg, name="a.jpg"))
    name = str(row.preview.name)
    put(private, resize_of(name))
    put(media_storage(), name)
    assert erase("--model", "gallery.Attachment", "--pk", str(row.pk))["counts"]["erased"] == 3
    assert keys_of(private) == {f"{name[:37]}erased"}
    assert keys_of(media_storage()) == {f"{name[:37]}erased"}


def test_a_file_erases_itself_in_its_storage(
    transactional_db: None, private: MediaStorage, small_jpeg: bytes
) -> None:
    row = Attachment.objects.create(preview=ContentFile(small_jpeg, name="a.jpg"))
    name = str(row.preview.name)
    row.preview.erase()
    assert keys_of(private) == {f"{name[:37]}erased"}
    assert keys_of(media_storage()) == set()


def test_an_unknown_storage_is_named(private: MediaStorage) -> None:
    with pytest.raises(CommandError, match="Unknown storage 'x'"):
        call_command("erase_media", new_key(), "--storage", "x")
