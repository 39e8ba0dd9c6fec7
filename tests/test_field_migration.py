"""``import_media`` and ``export_media`` move files into a media field and out of it."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import models
from django.test.utils import isolate_apps
from django.utils import timezone

from album.models import Picture
from django_shift_media.fields import MediaField
from django_shift_media.maintenance.field_migration import FieldMigration
from django_shift_media.media import references
from django_shift_media.naming import keys
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from tests.support.buckets import new_bucket, operations
from tests.support.stored_objects import keys_of, tend

pytestmark = pytest.mark.django_db

PHOTO = ("album.Picture.image", "album.Picture.photo")
DOCUMENT = ("album.Picture.document", "album.Picture.file")


def run(command: str, *arguments: str) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Return what the command counts, and the files that it tells of."""
    document = tend(command, *arguments)
    return document["counts"], document["files"]


@pytest.fixture(params=["local to local", "local to S3", "S3 to S3", "S3 to local"])
def places(request: Any, settings: Any, running: Any) -> str:
    """Where the old files are, and where the media are to be."""
    name: str = request.param
    old, _, new = name.partition(" to ")
    if new == "S3":
        new_bucket(settings, running("moto"), location="new")
    if old == "S3":
        moto = running("moto")
        options = moto.storage_options("old-files")
        options.pop("public_url")
        default = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, "default": default}
        default_storage.connection.create_bucket(Bucket="old-files")
    return name


def picture(number: int, **options: Any) -> Picture:
    data = draw_photo(60, 40, seed=number, **options)
    return Picture.objects.create(image=ContentFile(data, name=f"Größe {number}.JPEG"))


def test_images_are_imported_with_their_facts(places: str) -> None:
    old = [picture(number, orientation=6) for number in range(3)]
    old.append(Picture.objects.create())
    counts, files = run("import_media", *PHOTO, "--dry-run")
    assert (counts, files) == ({"would be copied": 3}, [])
    assert run("import_media", *PHOTO) == ({"copied": 3}, [])
    for before in old[:3]:
        row = Picture.objects.get(pk=before.pk)
        assert row.photo.read() == row.image.read() == before.image.read()
        assert (row.width, row.height) == (60, 40)
        assert keys.is_original(row.photo.name)
        assert row.photo.name.endswith(".jpg")
        assert row.changed_at == before.changed_at
        assert row.image.name == before.image.name
    assert run("import_media", *PHOTO) == ({}, [])


def test_any_files_are_imported_and_exported_again(places: str) -> None:
    data = b"%PDF" + bytes(100_000)
    row = Picture.objects.create(document=ContentFile(data, name="My letter.pdf"))
    assert run("import_media", *DOCUMENT) == ({"copied": 1}, [])
    row.refresh_from_db()
    assert row.file.read() == data
    old = row.document.name
    Picture.objects.update(document="")
    assert run("export_media", *reversed(DOCUMENT)) == ({"copied": 1}, [])
    row.refresh_from_db()
    assert row.document.read() == data
    assert row.document.name != old
    assert media_storage().exists(row.file.name)
    assert run("export_media", *reversed(DOCUMENT)) == ({}, [])


@pytest.mark.parametrize("places", ["S3 to S3"], indirect=True)
def test_files_are_copied_by_the_server_where_both_are_on_s3(places: str) -> None:
    Picture.objects.create(document=ContentFile(bytes(1000), name="letter.pdf"))
    sent = operations(media_storage())
    run("import_media", *DOCUMENT)
    assert sent.count("CopyObject") == 1
    assert not {"PutObject", "GetObject"} & set(sent)
    storage: Any = media_storage()
    name = Picture.objects.get().file.name
    head = storage.client.head_object(Bucket=storage.bucket_name, Key=f"new/{name}")
    assert head["ContentType"] == "application/pdf"
    assert head["CacheControl"] == "public, max-age=31536000, immutable"


def test_what_cannot_be_imported_is_told_and_left() -> None:
    good = picture(1)
    no_image = Picture.objects.create()
    Picture.objects.filter(pk=no_image.pk).update(
        image=default_storage.save("no.jpg", ContentFile(b"text"))
    )
    gone = picture(2)
    Path(gone.image.path).unlink()
    counts, files = run("import_media", *PHOTO)
    assert counts == {"copied": 1, "rejected": 1, "missing": 1}
    assert {(file["outcome"], file["name"]) for file in files} == {
        ("rejected", "no.jpg"),
        ("missing", gone.image.name),
    }
    assert [bool(row.photo) for row in Picture.objects.order_by("pk")] == [True, False, False]
    good.refresh_from_db()
    assert good.photo


def test_an_import_goes_on_where_it_has_ended() -> None:
    for number in range(5):
        picture(number)
    assert run("import_media", *PHOTO, "--limit", "2") == ({"copied": 2}, [])
    names = set(Picture.objects.exclude(photo="").values_list("photo", flat=True))
    assert run("import_media", *PHOTO) == ({"copied": 3}, [])
    assert len(names & set(Picture.objects.values_list("photo", flat=True))) == 2


# -- rows that share a file -----------------------------------------------------------------------


def share(number: int, count: int) -> list[Picture]:
    """Return rows with the same image."""
    first = picture(number)
    return [first, *(Picture.objects.create(image=first.image.name) for _ in range(count - 1))]


@pytest.mark.usefixtures("database")
def test_rows_with_one_image_get_one_original() -> None:
    rows = share(1, 5)
    single = picture(2)
    assert run("import_media", *PHOTO, "--dry-run") == ({"would be copied": 6}, [])
    assert run("import_media", *PHOTO, "--limit", "3") == ({"copied": 1, "shared": 2}, [])
    # A second run finds the original of the first.
    assert run("import_media", *PHOTO) == ({"copied": 1, "shared": 2}, [])
    values = {(row.photo.name, row.width) for row in Picture.objects.filter(image=rows[0].image)}
    [(name, width)] = values
    assert media_storage().get(name) == rows[0].image.read()
    assert width == 60
    assert Picture.objects.get(pk=single.pk).photo.name != name
    assert len([key for key in keys_of(media_storage()) if keys.is_original(key)]) == 2


def find_focal_point(image: object) -> tuple[int, int]:
    return 50, 20


@pytest.mark.django_db(transaction=True)
@isolate_apps("gallery")
def test_rows_that_share_an_original_keep_their_own_focal_points(
    tables: Any, settings: Any
) -> None:
    class Old(models.Model):
        image = models.ImageField()
        photo = MediaField(blank=True, focal_point_field="focal_point")
        focal_point = models.CharField(max_length=7, blank=True)

        class Meta:
            app_label = "gallery"

    tables(Old)
    settings.SHIFT_MEDIA_FOCAL_POINT = f"{__name__}.find_focal_point"
    first = Old.objects.create(image=ContentFile(draw_photo(60, 40), name="old.jpg"))
    for focal_point in ("10,10", ""):
        Old.objects.create(image=first.image.name, focal_point=focal_point)
    image, photo = Old._meta.get_field("image"), Old._meta.get_field("photo")
    assert len(list(FieldMigration(image, photo).run(workers=1))) == 3
    points = Old.objects.order_by("pk").values_list("focal_point", flat=True)
    assert list(points) == ["50,20", "10,10", "50,20"]


@pytest.mark.parametrize("workers", ["1", "8"])
def test_rows_of_several_pages_share_an_original(monkeypatch: Any, workers: str) -> None:
    monkeypatch.setattr(references, "_PAGE_SIZE", 2)
    share(1, 5)
    assert run("import_media", *PHOTO, "--workers", workers) == ({"copied": 1, "shared": 4}, [])
    assert len([key for key in keys_of(media_storage()) if keys.is_original(key)]) == 1


def test_a_photo_that_replaced_the_shared_one_is_not_shared() -> None:
    replaced, other = share(1, 2)
    replaced.photo = ContentFile(draw_photo(60, 40, seed=9), name="private.jpg")
    replaced.save()
    assert run("import_media", *PHOTO) == ({"copied": 1}, [])
    other.refresh_from_db()
    assert media_storage().get(other.photo.name) == other.image.read()


def test_what_is_wrong_with_a_shared_file_is_told_of_each_row() -> None:
    rows = share(1, 3)
    Path(rows[0].image.path).unlink()
    counts, files = run("import_media", *PHOTO)
    assert counts == {"missing": 3}
    assert [file["note"] for file in files] == [f"row {row.pk}" for row in rows]


def test_of_rows_that_share_a_file_only_those_that_were_changed_are_skipped() -> None:
    changed, other = share(1, 2)
    move = FieldMigration(*(Picture._meta.get_field(name) for name in ("image", "photo")))  # type: ignore[arg-type]
    [(column, rows)] = move._pages(None)
    [group] = move._groups(column, rows)
    copied = move._copy(group)
    fill(changed)
    assert [result.outcome for result in move._write(copied)] == ["skipped", "shared"]
    other.refresh_from_db()
    assert media_storage().exists(other.photo.name)


def test_a_shared_original_that_is_replaced_meanwhile_is_not_named_any_more() -> None:
    share(1, 2)
    run("import_media", *PHOTO, "--limit", "1")
    move = FieldMigration(*(Picture._meta.get_field(name) for name in ("image", "photo")))  # type: ignore[arg-type]
    [(column, rows)] = move._pages(None)
    [group] = move._groups(column, rows)
    copied = move._copy(group)
    Picture.objects.exclude(photo="").get().photo.delete()
    assert [result.outcome for result in move._write(copied)] == ["skipped"]
    assert run("import_media", *PHOTO) == ({"copied": 1, "shared": 1}, [])


def replace(row: Picture) -> None:
    Picture.objects.filter(pk=row.pk).update(image="pictures/another.jpg")


def fill(row: Picture) -> None:
    Picture.objects.filter(pk=row.pk).update(photo="already/there.jpg")


def delete(row: Picture) -> None:
    Picture.objects.filter(pk=row.pk).delete()


@pytest.mark.parametrize("change", [replace, fill, delete])
def test_a_row_that_is_changed_meanwhile_is_left(
    change: Callable[[Picture], None], any_storage: Any
) -> None:
    row = picture(1)
    model = Picture._meta
    move = FieldMigration(model.get_field("image"), model.get_field("photo"))  # type: ignore[arg-type]
    [(column, rows)] = move._pages(None)
    [group] = move._groups(column, rows)
    copied = move._copy(group)
    change(row)
    [result] = move._write(copied)
    assert result.outcome == "skipped"
    assert not any_storage.exists(copied.values["photo"])
    assert not Picture.objects.filter(photo=copied.values["photo"]).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("album.Picture.image", "album.Picture.imagine"), "Unknown field 'album.Picture.imagine'"),
        (("album.Nothing.image", "album.Picture.photo"), "Unknown field 'album.Nothing.image'"),
        (("album.Picture", "album.Picture.photo"), "Unknown field 'album.Picture'"),
        (("album.Picture.width", "album.Picture.photo"), "PositiveIntegerField. Use a FileField"),
        (("album.Picture.photo", "album.Picture.image"), "must be a MediaField"),
        (
            ("album.Picture.photo", "album.Picture.file"),
            "must be a FileField other than a MediaField",
        ),
        (("album.Picture.image", "gallery.Photo.photo"), "two fields of the same model"),
    ],
)
def test_fields_that_make_no_sense(arguments: tuple[str, str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("import_media", *arguments, stdout=StringIO(), stderr=StringIO())


def test_a_change_of_a_row_is_not_lost(small_jpeg: bytes) -> None:
    row = picture(1)
    moment = timezone.now()
    Picture.objects.update(changed_at=moment)
    run("import_media", *PHOTO)
    row.refresh_from_db()
    assert row.changed_at == moment
