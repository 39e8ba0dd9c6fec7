"""What users of Django's ``FileField`` do works in the same way, on each database."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models, transaction
from django.db.models.signals import post_save, pre_save
from django.test.utils import isolate_apps

from django_shift_media.fields import MediaField
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("database")]

OLD, NEW, SMALL = draw_photo(40, 30), draw_photo(50, 20), draw_photo(20, 15)


def new_file() -> "ContentFile[bytes]":
    return ContentFile(NEW, name="new.jpg")


def is_kept(name: str) -> bool:
    return media_storage().exists(name)


def stored_names() -> set[str]:
    root = media_storage().path("")
    return {name for _, _, names in os.walk(root) for name in names}


@pytest.fixture(params=["file", "preview"])
def field(request: Any) -> str:
    """A field with ``delete_orphans``, and one without."""
    name: str = request.param
    return name


@pytest.fixture
def row(field: str) -> Attachment:
    return Attachment.objects.create(**{field: ContentFile(OLD, name="old.jpg")})


@contextmanager
def receiver(signal: Any, receive: Callable[..., None], sender: Any = Attachment) -> Iterator[None]:
    signal.connect(receive, sender=sender)
    try:
        yield
    finally:
        signal.disconnect(receive, sender=sender)


# -- who says delete means it ---------------------------------------------------------------------


def delete_file_then_row(row: Attachment, field: str) -> None:
    getattr(row, field).delete(save=False)
    row.delete()


def delete_file_then_save(row: Attachment, field: str) -> None:
    getattr(row, field).delete(save=False)
    row.save()


def delete_file(row: Attachment, field: str) -> None:
    getattr(row, field).delete()


def delete_former_before_save(row: Attachment, field: str) -> None:
    """As in many projects: a receiver of ``pre_save`` deletes the file that is replaced."""

    def receive(instance: Attachment, **kwargs: Any) -> None:
        former = getattr(Attachment.objects.get(pk=instance.pk), field)
        if former != getattr(instance, field):
            former.delete(save=False)

    setattr(row, field, new_file())
    with receiver(pre_save, receive):
        row.save()


WAYS = [delete_file_then_row, delete_file_then_save, delete_file, delete_former_before_save]
each_way = pytest.mark.parametrize("delete", WAYS)


@each_way
def test_a_file_that_is_deleted_goes_at_once(row: Attachment, field: str, delete: Any) -> None:
    name = getattr(row, field).name
    delete(row, field)
    assert not is_kept(name)
    for left in Attachment.objects.all():
        assert not getattr(left, field) or is_kept(getattr(left, field).name)


@each_way
def test_in_a_transaction_it_goes_with_the_commit(row: Attachment, field: str, delete: Any) -> None:
    name = getattr(row, field).name
    with pytest.raises(RuntimeError), transaction.atomic():
        delete(row, field)
        raise RuntimeError
    assert is_kept(name)
    with transaction.atomic():
        delete(Attachment.objects.get(), field)
        assert is_kept(name)
    assert not is_kept(name)


def test_a_receiver_deletes_the_former_file_where_nothing_else_deletes_files() -> None:
    def receive(instance: Photo, **kwargs: Any) -> None:
        Photo.objects.get(pk=instance.pk).photo.delete(save=False)

    row = Photo.objects.create(photo=new_file())
    name = row.photo.name
    row.photo = ContentFile(OLD, name="old.jpg")
    with receiver(pre_save, receive, sender=Photo):
        row.save()
    assert not is_kept(str(name))
    assert media_storage().get(Photo.objects.get().photo.name) == OLD


def name_by_another_row(name: str) -> None:
    Attachment.objects.create(preview=name)


def name_by_another_field(name: str) -> None:
    Photo.objects.create(photo=name)


@each_way
@pytest.mark.parametrize("name_it", [name_by_another_row, name_by_another_field])
def test_a_file_that_another_row_names_stays(
    row: Attachment, field: str, delete: Any, name_it: Any
) -> None:
    name = getattr(row, field).name
    name_it(name)
    delete(row, field)
    assert is_kept(name)


def test_a_file_that_the_row_names_twice_stays(row: Attachment, field: str) -> None:
    name = getattr(row, field).name
    Attachment.objects.update(file=name, preview=name)
    row = Attachment.objects.get()
    getattr(row, field).delete(save=False)
    assert is_kept(name)


# -- the order of Django --------------------------------------------------------------------------


def test_a_receiver_shrinks_an_upload_before_it_is_stored(row: Attachment, field: str) -> None:
    def receive(instance: Attachment, **kwargs: Any) -> None:
        assert not getattr(instance, field)._committed
        assert stored_names() == {"old.jpg"}
        setattr(instance, field, ContentFile(SMALL, name="small.jpg"))

    setattr(row, field, new_file())
    with receiver(pre_save, receive):
        row.save()
    assert media_storage().get(getattr(Attachment.objects.get(), field).name) == SMALL
    assert stored_names() == {"small.jpg"} | ({"old.jpg"} if field == "preview" else set())


def test_a_receiver_refuses_an_upload_and_nothing_is_stored(row: Attachment, field: str) -> None:
    def receive(instance: Attachment, **kwargs: Any) -> None:
        raise PermissionError

    setattr(row, field, new_file())
    with receiver(pre_save, receive), pytest.raises(PermissionError):
        row.save()
    assert stored_names() == {"old.jpg"}
    assert media_storage().get(getattr(Attachment.objects.get(), field).name) == OLD


def test_receivers_are_outside_of_a_transaction_and_the_row_is_saved_before_post_save(
    row: Attachment, field: str
) -> None:
    seen = []

    def receive(signal: Any, instance: Attachment, **kwargs: Any) -> None:
        name = getattr(Attachment.objects.get(), field).name
        is_new = name == getattr(instance, field).name
        seen.append((signal is post_save, connection.in_atomic_block, is_new))

    setattr(row, field, new_file())
    with receiver(pre_save, receive), receiver(post_save, receive):
        row.save()
    assert seen == [(False, False, False), (True, False, True)]


@isolate_apps("gallery")
def test_all_uploads_of_a_row_are_stored_before_it_is_locked(tables: Any, monkeypatch: Any) -> None:
    class Pair(models.Model):
        first = MediaField(kind="any", delete_orphans=True)
        second = MediaField(kind="any", delete_orphans=True)

        class Meta:
            app_label = "gallery"

    tables(Pair)
    row = Pair.objects.create(first=new_file(), second=new_file())
    in_transaction = []
    save = type(media_storage()).save

    def note(*args: Any, **kwargs: Any) -> str:
        in_transaction.append(connection.in_atomic_block)
        return save(*args, **kwargs)

    monkeypatch.setattr(type(media_storage()), "save", note)
    row.first, row.second = new_file(), new_file()
    row.save()
    assert in_transaction == [False, False]


# -- writes that store no files -------------------------------------------------------------------


@pytest.mark.parametrize(
    "upload",
    [
        new_file,
        lambda: SimpleUploadedFile("new.jpg", NEW),
        lambda: Attachment(file=new_file()).file,
    ],
)
def test_update_refuses_an_upload(row: Attachment, field: str, upload: Any) -> None:
    with pytest.raises(ValueError, match=rf"'new.jpg' is an upload.*'{field}' of each instance"):
        Attachment.objects.update(**{field: upload()})
    assert media_storage().get(getattr(Attachment.objects.get(), field).name) == OLD


def test_update_refuses_content_without_a_name(row: Attachment, field: str) -> None:
    with pytest.raises(ValueError, match=r"^<ContentFile: .*> is an upload"):
        Attachment.objects.update(**{field: ContentFile(NEW)})


def test_bulk_update_refuses_an_upload(row: Attachment, field: str) -> None:
    setattr(row, field, new_file())
    with pytest.raises(ValueError, match=r"'new.jpg' is an upload"):
        Attachment.objects.bulk_update([row], [field])
    assert media_storage().get(getattr(Attachment.objects.get(), field).name) == OLD


def test_both_write_names_and_what_is_empty(row: Attachment, field: str) -> None:
    other = Attachment.objects.create(**{field: new_file()})
    Attachment.objects.filter(pk=row.pk).update(**{field: getattr(other, field)})
    assert getattr(Attachment.objects.get(pk=row.pk), field).name == getattr(other, field).name
    setattr(other, field, "")
    Attachment.objects.bulk_update([other], [field])
    assert not getattr(Attachment.objects.get(pk=other.pk), field)
    Attachment.objects.update(preview=None)
    Attachment.objects.update(file=models.F("file"))


@isolate_apps("gallery")
def test_a_unique_upload_is_validated(tables: Any) -> None:
    class Unique(models.Model):
        file = MediaField(kind="any", unique=True)

        class Meta:
            app_label = "gallery"

    tables(Unique)
    Unique(file=new_file()).full_clean()


def test_a_subset_of_fields_that_has_the_file_has_its_metadata() -> None:
    row = Photo.objects.create(photo=ContentFile(OLD, name="old.jpg"), focal_point="30,70")
    row, _ = Photo.objects.update_or_create({"photo": new_file()}, pk=row.pk)
    assert Photo.objects.filter(width=50, height=20, size=len(NEW), focal_point="").exists()
    row.photo = ContentFile(OLD, name="old.jpg")
    row.save(update_fields=["photo"])
    assert Photo.objects.filter(width=40, height=30, size=len(OLD)).exists()
    stale = Photo.objects.only("pk").get()
    stale.photo = ContentFile(SMALL, name="small.jpg")
    stale.save()
    assert Photo.objects.filter(width=20, height=15, size=len(SMALL)).exists()


def test_save_with_update_fields_and_bulk_create_store_files(row: Attachment, field: str) -> None:
    setattr(row, field, new_file())
    row.save(update_fields=[field])
    assert media_storage().get(getattr(Attachment.objects.get(), field).name) == NEW
    Attachment.objects.all().delete()
    Attachment.objects.bulk_create([Attachment(**{field: new_file()})])
    assert media_storage().get(getattr(Attachment.objects.get(), field).name) == NEW
