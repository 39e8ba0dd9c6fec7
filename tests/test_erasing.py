"""``erase_media`` and ``MediaFile.erase()``: gone means gone, and what remains is reported."""

import errno
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import transaction

from django_shift_media.exceptions import InvalidKey
from django_shift_media.generation.prewarm import make_missing
from django_shift_media.naming import keys
from django_shift_media.storages.erasure import erase_upload
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment, Photo
from tests.support.buckets import new_bucket
from tests.support.stored_objects import keys_of, new_key, put, resize_of, tend
from tests.support.versions import (
    TOMBSTONE,
    enable_versions,
    held,
    hold,
    retain,
    version_of,
)

pytestmark = pytest.mark.django_db

VERSIONING = ("moto", "ceph", "ministack")


def erase(*arguments: str) -> dict[str, Any]:
    return tend("erase_media", *arguments, "--no-requests", "--no-input")


def outcomes(document: dict[str, Any], *wanted: str) -> list[tuple[str, str]]:
    """Return the names and the notes of these outcomes."""
    files = document["files"]
    return [(file["name"], file["note"]) for file in files if file["outcome"] in wanted]


def tombstone(original: str) -> str:
    return keys.upload_prefix(original) + TOMBSTONE


@pytest.fixture
def versioned(request: Any, settings: Any, running: Any) -> Any:
    """A versioned bucket, with a location."""
    storage = new_bucket(settings, running(request.param), location="some/where")
    enable_versions(storage)
    return storage


# -- everything goes ------------------------------------------------------------------------------


def test_all_that_belongs_to_an_upload_goes_and_nothing_else(any_storage: Any) -> None:
    original, other = put(any_storage, new_key()), put(any_storage, new_key())
    resizes = {put(any_storage, resize_of(original, width)) for width in (1, 2)}
    kept = {other, put(any_storage, resize_of(other)), put(any_storage, "others/erased")}
    document = erase(original)
    assert keys_of(any_storage) == {*kept, tombstone(original)}
    assert {name for name, _ in outcomes(document, "erased")} == {original, *resizes}
    assert document["bytes"]["erased"] == 12
    assert erase(original)["counts"].get("erased") is None, "a second time, nothing is there"
    assert keys_of(any_storage) == {*kept, tombstone(original)}


@pytest.mark.parametrize("versioned", VERSIONING, indirect=True)
def test_versions_delete_markers_and_unfinished_uploads_go(versioned: Any) -> None:
    original, other = put(versioned, new_key()), put(versioned, new_key())
    put(versioned, original, b"a second version")
    put(versioned, resize_of(original))
    versioned.delete(resize_of(original))
    upload = {"Bucket": versioned.bucket_name, "Key": versioned.prefix + original}
    upload_id = versioned.client.create_multipart_upload(**upload)["UploadId"]
    versioned.client.upload_part(**upload, UploadId=upload_id, PartNumber=1, Body=b"part")
    assert len(held(versioned, original)) == 5
    document = erase(original)
    assert held(versioned) == sorted([tombstone(original), other])
    kinds = [note.rpartition(" ")[0] for _, note in outcomes(document, "erased")]
    # It hides what is visible before it deletes versions, so one of the markers is its own.
    assert sorted(kinds) == [*["delete marker"] * 2, "multipart upload", *["version"] * 3]
    parts = {"Parts": [{"PartNumber": 1, "ETag": "abc"}]}
    with pytest.raises(ClientError):
        versioned.client.complete_multipart_upload(
            **upload, UploadId=upload_id, MultipartUpload=parts
        )
    assert held(versioned, original) == [tombstone(original)]


@pytest.mark.parametrize("versioned", ["moto", "ceph"], indirect=True)
def test_a_bucket_whose_versions_were_suspended_is_emptied(versioned: Any) -> None:
    original = put(versioned, new_key())
    versioned.client.put_bucket_versioning(
        Bucket=versioned.bucket_name, VersioningConfiguration={"Status": "Suspended"}
    )
    put(versioned, original, b"the version null")
    erase(original)
    assert held(versioned) == [tombstone(original)]


def test_what_was_deleted_before_is_found_by_its_versions(settings: Any, moto: Any) -> None:
    storage = new_bucket(settings, moto)
    enable_versions(storage)
    original = put(storage, new_key())
    put(storage, resize_of(original))
    storage.delete(original)
    assert len(held(storage)) == 4, "delete() hides files behind markers"
    erase(original)
    assert held(storage) == [tombstone(original)]


def test_files_that_are_not_complete_go_from_local_disk() -> None:
    storage = media_storage()
    original = put(storage, new_key())
    draft = Path(storage.path(original)).with_name(".0123456789abcdef")
    draft.write_bytes(b"half an image")
    document = erase(original)
    assert keys_of(storage) == {tombstone(original)}
    assert "temporary file" in {note for _, note in outcomes(document, "erased")}


def test_a_tombstone_does_not_tell_the_name_of_the_file() -> None:
    storage = media_storage()
    original = put(storage, keys.new_original("John Smith passport.jpg"))
    erase(original)
    (key,) = keys_of(storage)
    assert "passport" not in key + storage.get(key).decode()
    storage.delete(original)
    assert keys_of(storage) == {key}, "a deletion keeps it"


def test_no_lifecycle_rule_for_resizes_expires_a_tombstone(settings: Any, moto: Any) -> None:
    storage = new_bucket(settings, moto, tag_resizes=True)
    original = put(storage, new_key())
    erase(original)
    key = tombstone(original)
    tags = storage.client.get_object_tagging(Bucket=storage.bucket_name, Key=key)
    assert tags["TagSet"] == []


# -- what remains ---------------------------------------------------------------------------------


@pytest.mark.parametrize("server", VERSIONING)
def test_locked_versions_remain_hidden_and_say_why(
    settings: Any, running: Any, server: str
) -> None:
    storage = new_bucket_with_locks(settings, running(server))
    original = put(storage, new_key())
    retained, resize = version_of(storage, original), put(storage, resize_of(original))
    retain(storage, retained)
    put(storage, original, b"a second version, which is free")
    held_version = version_of(storage, resize)
    hold(storage, held_version)
    document = erase(original)
    reasons = dict(outcomes(document, "not erased"))
    assert document["counts"]["not erased"] == 4, "two versions, and the markers that hide them"
    assert any("Object Lock in compliance mode until 20" in note for note in all_notes(document))
    assert any(note.endswith(": a legal hold") for note in all_notes(document))
    assert reasons.keys() == {original, resize}
    for key in (original, resize):
        assert not storage.exists(key)
    hold(storage, held_version, on=False)
    assert dict(outcomes(erase(original), "not erased")).keys() == {original}


def all_notes(document: dict[str, Any]) -> list[str]:
    return [note for _, note in outcomes(document, "not erased")]


def new_bucket_with_locks(settings: Any, server: Any) -> Any:
    storage = new_bucket(settings, server)
    storage.client.delete_bucket(Bucket=storage.bucket_name)
    storage.client.create_bucket(Bucket=storage.bucket_name, ObjectLockEnabledForBucket=True)
    return storage


def test_whoever_leaves_something_fails(settings: Any, moto: Any) -> None:
    storage = new_bucket_with_locks(settings, moto)
    original = put(storage, new_key())
    hold(storage, version_of(storage, original))
    with pytest.raises(CommandError, match="2 files need attention"):
        call_command("erase_media", original, "--no-requests", "--no-input")


def test_replicas_are_looked_at(settings: Any, moto: Any) -> None:
    storage, replica = new_bucket(settings, moto), new_bucket(settings, moto)
    settings.STORAGES["media"]["OPTIONS"] |= {"bucket_name": storage.bucket_name}
    for each in (storage, replica):
        enable_versions(each)
    rule = {
        "Status": "Enabled",
        "Prefix": "",
        "Destination": {"Bucket": f"arn:aws:s3:::{replica.bucket_name}"},
    }
    storage.client.put_bucket_replication(
        Bucket=storage.bucket_name,
        ReplicationConfiguration={"Role": "arn:aws:iam::123456789012:role/r", "Rules": [rule]},
    )
    settings.STORAGES = {**settings.STORAGES}
    original = put(media_storage(), new_key())
    put(replica, original)
    document = erase(original)
    assert held(storage) == [tombstone(original)]
    ((name, note),) = outcomes(document, "not erased")
    assert name == original
    assert f"in {replica.bucket_name}: a replica" in note


def test_a_disk_that_refuses_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = media_storage()
    original = put(storage, new_key())

    def refuse(path: Any, **_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patch:  # a mode refuses nothing to root
        for name in ("remove", "unlink"):
            patch.setattr(os, name, refuse)
        document = erase(original)
    ((name, note),) = outcomes(document, "not erased")
    assert name == original
    assert "Permission denied" in note
    assert outcomes(erase(original), "erased") == [(original, "file")]


def test_missing_permissions_are_reported(settings: Any, aws_s3: Any, moto: Any) -> None:
    storage = new_bucket(settings, moto, endpoint_url=aws_s3.url)
    enable_versions(storage)
    original = put(storage, new_key())
    for request in (
        "GET .*[?&]versions",
        "GET .*[?&]uploads",
        "GET .*[?]replication",
        "PUT .*/erased",
    ):
        aws_s3.refuse(request, 403, "AccessDenied")
    document = erase(original)
    operations = ("PutObject", "ListObjectVersions", "ListMultipartUploads", "GetBucketReplication")
    notes = "".join(note for _, note in outcomes(document, "incomplete"))
    assert all(f"calling the {operation} operation" in notes for operation in operations)
    assert not storage.exists(original), "what can be deleted is deleted"


# -- nothing comes back ---------------------------------------------------------------------------


def test_a_task_in_the_queue_makes_nothing_of_what_was_erased(
    any_storage: Any, db: None, small_jpeg: bytes
) -> None:
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg")).photo
    original = str(photo.name)
    resize = photo.resize("90x90").removeprefix(any_storage.media_url)
    erase(original)
    make_missing([resize])
    put(any_storage, original, small_jpeg)  # as a backup does
    make_missing([resize])
    assert keys_of(any_storage) == {original, tombstone(original)}


def test_no_copy_brings_back_what_was_erased(settings: Any, moto: Any, tmp_path: Path) -> None:
    target = new_bucket(settings, moto)
    local = "django_shift_media.storages.local.LocalMediaStorage"
    source = {"BACKEND": local, "OPTIONS": {"location": tmp_path / "source"}}
    settings.STORAGES = {**settings.STORAGES, "source": source}
    original, other = put(storages["source"], new_key()), put(storages["source"], new_key())
    erase(original)
    document = tend("copy_media", "--from", "source", "--to", "media")
    assert document["counts"] == {"copied": 1, "erased": 1}
    assert keys_of(media_storage()) == {other, tombstone(original)}
    assert target.bucket_name == media_storage().bucket_name  # type: ignore[attr-defined]


def test_copies_of_what_was_erased_in_the_source_are_reported(
    settings: Any, moto: Any, tmp_path: Path
) -> None:
    target = new_bucket(settings, moto)
    local = "django_shift_media.storages.local.LocalMediaStorage"
    source = {"BACKEND": local, "OPTIONS": {"location": tmp_path / "source"}}
    settings.STORAGES = {**settings.STORAGES, "source": source}
    original = put(storages["source"], new_key())
    assert tend("copy_media", "--from", "source", "--to", "media")["counts"] == {"copied": 1}
    settings.SHIFT_MEDIA_STORAGE = "source"
    erase(original)
    document = tend("copy_media", "--from", "source", "--to", "media")
    assert outcomes(document, "erased") == [
        (original, "erased in the source, and still in the target: erase it there, too")
    ]
    assert keys_of(target) == {original}


# A bucket is listed in 256 parts.
@pytest.mark.parametrize(
    "any_storage", ["local", pytest.param("moto", marks=pytest.mark.nightly)], indirect=True
)
def test_what_a_backup_brings_back_is_erased_again(any_storage: Any) -> None:
    originals = [put(any_storage, new_key()) for _ in range(3)]
    erase(*originals[:2])
    restored = {put(any_storage, originals[0]), put(any_storage, resize_of(originals[0]))}
    document = erase("--again")
    assert {name for name, _ in outcomes(document, "erased")} == restored
    tombstones = [tombstone(original) for original in originals[:2]]
    assert keys_of(any_storage) == {*tombstones, originals[2]}
    assert erase("--again")["counts"].get("erased") is None


# -- rows -----------------------------------------------------------------------------------------


def test_rows_that_name_the_file_are_reported(photo: Photo) -> None:
    copy = Attachment.objects.create(preview=photo.photo.name)
    document = erase(photo.photo.name)
    assert outcomes(document, "named") == [
        (photo.photo.name, f"by gallery.Photo.photo of row {photo.pk}"),
        (photo.photo.name, f"by gallery.Attachment.preview of row {copy.pk}"),
    ]
    photo.refresh_from_db()
    assert photo.photo


def test_rows_are_cleared_with_all_that_describes_the_file(photo: Photo) -> None:
    copy = Attachment.objects.create(preview=photo.photo.name, preview_focus="10,20")
    assert photo.placeholder
    document = erase("--model", "gallery.Photo", "--pk", str(photo.pk), "--clear-rows")
    assert document["counts"]["cleared"] == 2
    values = Photo.objects.values_list("photo", "width", "height", "size", "placeholder").get()
    assert values == ("", None, None, None, "")
    copy.refresh_from_db()
    assert (copy.preview.name, copy.preview_focus) == (None, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give a KEY, or --model and --pk, or --again"),
        (["--model", "gallery.Photo"], "Use --model and --pk together"),
        (
            ["--model", "gallery.Photo", "--pk", "7"],
            "No row of gallery.Photo has the primary key 7",
        ),
        (["--model", "gallery.Photo", "--pk", "x"], "Invalid --pk"),
        (["--model", "auth.User", "--pk", "1"], "The model 'auth.User' has no MediaField"),
        (["a.jpg"], "'a.jpg' is not the key or the URL of an original or of a resize"),
        (["3c72aedc/"], "'3c72aedc/' is not the key"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(db: None, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=f"^{message}"):
        call_command("erase_media", *arguments)


def test_keys_and_urls_of_originals_and_resizes_name_an_upload(photo: Photo) -> None:
    storage = media_storage()
    resize = photo.photo.resize("90x90")
    for text in (
        f"https://cdn.example.com/media/{photo.photo.name}?X-Amz-Signature=ab#top",
        f"https://cdn.example.com{resize}",
        resize.removeprefix(storage.media_url),
        photo.photo.name,
    ):
        document = tend("erase_media", text, "--dry-run")
        assert document["counts"] == {"named": 1, "would be erased": 1}
    assert storage.exists(photo.photo.name)
    assert Photo.objects.get().photo


def test_an_upload_of_which_nothing_is_stored_is_named(photo: Photo) -> None:
    unknown = new_key()
    assert outcomes(erase(unknown, photo.photo.name), "not found") == [
        (unknown, "nothing was stored of this upload")
    ]
    assert outcomes(erase(photo.photo.name), "not found") != []


# -- from code ------------------------------------------------------------------------------------


def test_a_row_erases_its_file_after_the_commit(
    transactional_db: None, small_jpeg: bytes, any_storage: Any
) -> None:
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg"))
    other = Attachment.objects.create(preview=photo.photo.name)
    name = photo.photo.name
    with transaction.atomic():
        photo.photo.erase()
        assert keys_of(any_storage) == {name}
    assert keys_of(any_storage) == {tombstone(name)}
    photo.refresh_from_db()
    assert (photo.photo.name, photo.width, photo.placeholder) == ("", None, "")
    other.refresh_from_db()
    assert other.preview.name == name, "other rows are not changed"


def test_what_code_cannot_erase_is_logged(
    transactional_db: None, settings: Any, moto: Any, small_jpeg: bytes, caplog: Any
) -> None:
    storage = new_bucket_with_locks(settings, moto)
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg"))
    name = photo.photo.name
    hold(storage, version_of(storage, name))
    with caplog.at_level(logging.ERROR, "django_shift_media"):
        photo.photo.erase()
    assert f"'{name}' is not erased completely: version '{name}': a legal hold" in caplog.text


def test_only_uploads_are_erased_by_code(db: None) -> None:
    photo = Photo.objects.create(photo="old/cat.jpg")
    with pytest.raises(InvalidKey):
        photo.photo.erase()
    assert Photo.objects.get().photo.name == "old/cat.jpg"
    empty = Attachment.objects.create()
    empty.preview.erase()


# -- deletions in versioned buckets ---------------------------------------------------------------


@pytest.mark.parametrize("delete_versions", [False, True])
@pytest.mark.parametrize("server", ["moto", "ceph"])
def test_what_deletions_leave_in_a_versioned_bucket(
    settings: Any, running: Any, server: str, delete_versions: bool
) -> None:
    storage = new_bucket(settings, running(server), delete_versions=delete_versions, location="a")
    enable_versions(storage)
    original, other = put(storage, new_key()), put(storage, new_key())
    for key in (original, other):
        put(storage, resize_of(key, 1))
        put(storage, resize_of(key, 2))
    storage.delete(original)
    assert storage.delete_many([resize_of(other, 1), resize_of(other, 2)]) == {}
    assert keys_of(storage) == {other}
    assert (held(storage) == [other]) is delete_versions
    assert len(held(storage)) == (1 if delete_versions else 11)


def test_late_resizes_leave_no_versions_with_the_option(
    settings: Any, moto: Any, db: None, small_jpeg: bytes, client: Any
) -> None:
    storage = new_bucket(settings, moto, delete_versions=True, mode="app")
    enable_versions(storage)
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg")).photo
    storage.client.meta.events.register_first(
        "before-send.s3.PutObject", lambda **_: storage.delete(photo.name)
    )
    key = photo.resize("90x90").removeprefix(storage.media_url)
    assert client.get(f"/media/{key}").status_code == 404
    assert held(storage) == []


def test_a_resize_that_is_stored_after_an_erasure_leaves_no_version(
    settings: Any, moto: Any, db: None, small_jpeg: bytes, client: Any
) -> None:
    storage = new_bucket(settings, moto, mode="app")
    enable_versions(storage)
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg")).photo
    to_erase = [photo.name]

    def erase_once(**_: Any) -> None:
        if to_erase:  # it stores a tombstone
            erase_upload(storage, to_erase.pop())

    storage.client.meta.events.register_first("before-send.s3.PutObject", erase_once)
    key = photo.resize("90x90").removeprefix(storage.media_url)
    assert client.get(f"/media/{key}").status_code == 404
    assert held(storage) == [tombstone(photo.name)]
