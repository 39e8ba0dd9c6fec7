"""Deletion, commands and queues, where there are two media storages."""

import json
from io import StringIO
from typing import Any

import pytest
from celery import current_app
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import transaction

from album.models import Picture
from django_shift_media.generation import prewarm
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.erasure import tombstone_of
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.second_storage import in_bucket, on_disk, store_attachments_in
from tests.support.stored_objects import keys_of, new_key, put, resize_of, tend

pytestmark = pytest.mark.django_db

OLD = ("--grace", "0s")


@pytest.fixture
def private(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> MediaStorage:
    settings.SHIFT_MEDIA_PRESETS = {"avatar": {"size": "20x20"}}
    return store_attachments_in(settings, monkeypatch, on_disk(tmp_path / "private"))


def attach(name: str = "a.jpg") -> Attachment:
    return Attachment.objects.create(preview=ContentFile(draw_photo(80, 60), name=name))


# -- which row names which file -------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_row_of_another_storage_does_not_keep_a_file(photo: Photo, private: Any) -> None:
    name = str(photo.photo.name)
    put(private, name)
    Attachment.objects.bulk_create([Attachment(file=name)])
    photo.photo.delete()
    assert keys_of(media_storage()) == set()
    assert keys_of(private) == {name}


@pytest.mark.django_db(transaction=True)
def test_a_row_of_the_same_place_keeps_a_file(settings: Any, photo: Photo, private: Any) -> None:
    same = on_disk(settings.MEDIA_ROOT)
    settings.STORAGES = {**settings.STORAGES, "private": same}
    Attachment.objects.bulk_create([Attachment(file=photo.photo.name)])
    photo.photo.delete()
    assert keys_of(media_storage()) == {Attachment.objects.get().file.name}


@pytest.mark.django_db(transaction=True)
def test_an_orphan_is_deleted_from_its_storage(private: MediaStorage) -> None:
    row = Attachment.objects.create(file=ContentFile(b"old", name="a.txt"))
    put(media_storage(), str(row.file.name))
    row.file = ContentFile(b"new", name="b.txt")
    row.save()
    assert keys_of(private) == {row.file.name}
    assert len(keys_of(media_storage())) == 1
    row.delete()
    assert keys_of(private) == set()


def test_a_file_of_another_storage_is_not_assigned(photo: Photo, private: Any) -> None:
    preview = attach().preview
    photo.photo = preview
    with pytest.raises(ValueError, match="has another storage than"), transaction.atomic():
        photo.save()
    photo.refresh_from_db()
    photo.photo.save("a.jpg", preview)
    assert photo.photo.name in keys_of(media_storage())
    assert photo.photo.read() == private.get(str(preview.name))


def test_a_file_of_the_same_place_is_assigned(settings: Any, photo: Photo, private: Any) -> None:
    same = on_disk(settings.MEDIA_ROOT)
    settings.STORAGES = {**settings.STORAGES, "private": same}
    attachment = Attachment.objects.create(preview=photo.photo)
    assert attachment.preview.name == photo.photo.name


# -- commands -------------------------------------------------------------------------------------


def test_orphans_are_those_of_one_storage(photo: Photo, private: MediaStorage) -> None:
    attachment = attach()
    names = {str(photo.photo.name), str(attachment.preview.name)}
    for storage in (private, media_storage()):  # each has a copy of the other's file
        for name in names - keys_of(storage):
            put(storage, name)
    counts = tend("clean_media_orphans", *OLD, "--delete")["counts"]
    assert counts == {"deleted": 1}
    assert keys_of(media_storage()) == {photo.photo.name}
    assert keys_of(private) == names
    tend("clean_media_orphans", *OLD, "--delete", "--storage", "private")
    assert keys_of(private) == {attachment.preview.name}


def test_a_storage_that_no_field_uses_has_no_orphans(
    settings: Any, private: MediaStorage, tmp_path: Any
) -> None:
    settings.STORAGES = {**settings.STORAGES, "new": on_disk(tmp_path / "new")}
    key = put(media_storage("new"), new_key())
    with pytest.raises(CommandError, match="No MediaField stores its files in this storage"):
        call_command("clean_media_orphans", *OLD, "--delete", "--storage", "new")
    assert keys_of(media_storage("new")) == {key}


def test_missing_files_are_those_of_one_storage(photo: Photo, private: MediaStorage) -> None:
    attachment = attach()
    media_storage().delete(str(photo.photo.name))
    private.delete(str(attachment.preview.name))
    for arguments, name in (
        ((), photo.photo.name),
        (("--storage", "private"), attachment.preview.name),
    ):
        results = tend("clean_media_orphans", "--missing", *arguments)["files"]
        assert [result["name"] for result in results] == [name]


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ((), "default"),
        (("--storage", "private"), "private"),
        (("--model", "gallery.Attachment"), "private"),
        (("--model", "gallery.Photo"), "default"),
        (("--model", "gallery.Attachment", "--storage", "private"), "private"),
    ],
)
def test_resizes_are_cleared_in_one_storage(
    photo: Photo, private: MediaStorage, arguments: tuple[str, ...], where: str
) -> None:
    resizes = {
        "default": put(media_storage(), resize_of(str(photo.photo.name))),
        "private": put(private, resize_of(str(attach().preview.name))),
    }
    assert tend("clear_media_resizes", *arguments)["counts"] == {"deleted": 1}
    left = (keys_of(media_storage()) | keys_of(private)) & set(resizes.values())
    assert left == {key for alias, key in resizes.items() if alias != where}


def warm(*arguments: str) -> dict[str, int]:
    field = "gallery.Attachment.preview"
    counts: dict[str, int] = tend("warm_media", field, "--preset", "avatar", *arguments)["counts"]
    return counts


def test_resizes_are_made_in_the_storage_of_the_field(private: MediaStorage) -> None:
    key = attach().preview.resize("avatar").removeprefix(private.media_url)
    assert warm() == {"made": 1}
    assert key in keys_of(private)
    assert keys_of(media_storage()) == set()


def test_a_new_storage_can_be_warmed_before_it_is_used(
    settings: Any, private: MediaStorage, tmp_path: Any
) -> None:
    settings.STORAGES = {**settings.STORAGES, "new": on_disk(tmp_path / "new")}
    name = attach().preview.name
    counts = tend("copy_media", "--storage", "private", "--to", "new")["counts"]
    assert counts == {"copied": 1}
    assert warm("--storage", "new") == {"made": 1}
    assert len(keys_of(media_storage("new"))) == 2
    assert keys_of(media_storage("private")) == {name}


@pytest.mark.parametrize(
    "command",
    [
        "copy_media --to private --storage",
        "clean_media_orphans --storage",
        "clear_media_resizes --storage",
        "warm_media gallery.Photo.photo --preset avatar --storage",
        "configure_media_bucket --app-url https://www.example.com --storage",
        "configure_media_cdn --storage",
        "media_iam_policy --storage",
        "check_media --storage",
    ],
)
def test_a_misspelt_alias_is_named(private: Any, command: str) -> None:
    with pytest.raises(CommandError, match=r"Unknown storage 'privat'\. STORAGES has: default, "):
        call_command(*command.split(), "privat", stderr=StringIO())


def test_each_storage_has_a_policy_of_its_own(settings: Any, private: Any) -> None:
    def bucket(name: str, region: str) -> dict[str, Any]:
        options = {"bucket_name": name, "region_name": region}
        return {"BACKEND": "django_shift_media.storages.s3.S3MediaStorage", "OPTIONS": options}

    settings.STORAGES = {
        **settings.STORAGES,
        "media": bucket("pictures", "eu-west-1"),
        "private": bucket("documents", "us-east-2"),
    }
    settings.SHIFT_MEDIA_STORAGE = "media"
    policies = {}
    for arguments in ((), ("--storage", "private")):
        out, heading = StringIO(), StringIO()
        call_command("media_iam_policy", "app", *arguments, stdout=out, stderr=heading)
        policies[heading.getvalue().splitlines()[0]] = json.loads(out.getvalue())
    # Attached to one role under one name, the second would replace the first.
    ours, other = policies
    assert (ours, other) == ("DjangoShiftMediaApp:", "DjangoShiftMediaApp-private:")
    assert "arn:aws:s3:::pictures" in str(policies[ours])
    assert "arn:aws:s3:::documents" in str(policies[other])
    assert "pictures" not in str(policies[other])


def test_remedies_are_about_the_storage_that_was_checked(
    settings: Any, private: Any, moto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = in_bucket(moto.storage_options("documents-that-do-not-exist"))
    store_attachments_in(settings, monkeypatch, other)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("check_media", "--storage", "private", "--json", stdout=out)
    [problem] = json.loads(out.getvalue())["problems"]
    assert "manage.py configure_media_bucket --storage private --create" in problem["remedy"]


def test_files_are_imported_into_the_storage_of_the_field(
    private: MediaStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Picture.objects.create(image=ContentFile(draw_photo(40, 30), name="a.jpg"))
    monkeypatch.setattr(Picture._meta.get_field("photo"), "storage_alias", "private")
    arguments = ("album.Picture.image", "album.Picture.photo")
    assert tend("import_media", *arguments)["counts"] == {"copied": 1}
    row.refresh_from_db()
    assert keys_of(private) == {row.photo.name}


# -- erasure --------------------------------------------------------------------------------------


def erase(*arguments: str) -> dict[str, Any]:
    return tend("erase_media", *arguments, "--no-input", "--no-requests")


@pytest.mark.parametrize("by", ["key", "row"])
def test_an_upload_is_erased_from_the_storage_of_its_field(private: MediaStorage, by: str) -> None:
    attachment = attach()
    name = str(attachment.preview.name)
    row = ["--model", "gallery.Attachment", "--pk", str(attachment.pk)]
    arguments = [name] if by == "key" else row
    assert tend("erase_media", *arguments, "--dry-run")["counts"]["would be erased"] == 1
    assert erase(*arguments)["counts"]["erased"] == 1
    assert keys_of(private) == {tombstone_of(name)}


def test_an_upload_is_erased_from_all_storages(private: MediaStorage) -> None:
    name = str(attach().preview.name)
    put(media_storage(), name)
    document = erase(name)
    erased = [file["note"] for file in document["files"] if file["outcome"] == "erased"]
    assert erased == ["in the default storage: file", "in private: file"]
    assert keys_of(private) == keys_of(media_storage()) == {tombstone_of(name)}


def test_an_upload_can_be_erased_from_one_storage_only(private: MediaStorage) -> None:
    name = str(attach().preview.name)
    put(media_storage(), name)
    assert erase(name, "--storage", "private")["counts"]["erased"] == 1
    assert keys_of(private) == {tombstone_of(name)}
    assert media_storage().exists(name)


def test_an_upload_is_erased_from_a_storage_without_urls(settings: Any, tmp_path: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "former": on_disk(tmp_path / "former")}
    former = media_storage("former")
    name = put(former, new_key())
    arguments = (name, "--storage", "former", "--no-input", "--site", "http://127.0.0.1:1")
    assert tend("erase_media", *arguments)["counts"] == {"erased": 1, "out of reach": 1}
    assert keys_of(former) == {tombstone_of(name)}


def test_the_app_is_asked_under_the_urls_of_each_storage(private: MediaStorage) -> None:
    name = str(attach().preview.name)
    hosts = ["http://127.0.0.1:1/media/", "http://127.0.0.1:1/documents/"]  # nobody answers
    document = tend("erase_media", name, "--no-input", "--site", "http://127.0.0.1:1")
    asked = {file["name"] for file in document["files"] if file["outcome"] == "unclear"}
    assert asked == {f"{host}{name}" for host in hosts}


# -- queues ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("queue", ["celery", "tasks"])
def test_a_job_carries_the_alias(
    settings: Any, private: MediaStorage, monkeypatch: pytest.MonkeyPatch, queue: str
) -> None:
    settings.SHIFT_MEDIA_ENQUEUE = f"django_shift_media.contrib.{queue}.enqueue"
    monkeypatch.setattr(current_app.conf, "task_always_eager", True)  # as Django's tasks are
    for field in (Attachment._meta.get_field("preview"), Photo._meta.get_field("photo")):
        monkeypatch.setattr(field, "warm", ("avatar",))
    preview = attach().preview
    resize = preview.resize("avatar").removeprefix(private.media_url)
    assert keys_of(private) == {preview.name, resize}
    private.delete_many([resize])
    assert warm("--enqueue") == {"enqueued": 1}
    assert keys_of(private) == {preview.name, resize}
    assert keys_of(media_storage()) == set()
    Photo.objects.create(photo=ContentFile(draw_photo(40, 30), name="a.jpg"))
    assert len(keys_of(media_storage())) == 2


def enqueue_in_a_site_with_one_storage(keys: list[str]) -> None:
    prewarm.make_missing(keys)


@pytest.mark.django_db(transaction=True)
def test_a_function_for_one_storage_needs_no_other_argument(
    settings: Any, private: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SHIFT_MEDIA_ENQUEUE = f"{__name__}.enqueue_in_a_site_with_one_storage"
    monkeypatch.setattr(Photo._meta.get_field("photo"), "warm", ("avatar",))
    Photo.objects.create(photo=ContentFile(draw_photo(40, 30), name="a.jpg"))
    assert len(keys_of(media_storage())) == 2
