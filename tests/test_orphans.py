"""``clean_media_orphans``: no file that a row names is ever called an orphan, let alone deleted."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_shift_media.maintenance import orphans
from django_shift_media.maintenance.listing import Listing
from django_shift_media.maintenance.references import NameTable
from django_shift_media.media.references import columns_of, media_fields
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment, Photo
from tests.support.galleries import MANAGE, environment
from tests.support.shells import finish, shell
from tests.support.stored_objects import keys_of, new_key, put, resize_of

pytestmark = pytest.mark.django_db(transaction=True)


def clean(*arguments: str) -> dict[str, list[str]]:
    """Return the names that the command tells, by what it says of them."""
    out = StringIO()
    try:
        call_command("clean_media_orphans", *arguments, "--json", stdout=out, stderr=StringIO())
    finally:
        found: dict[str, list[str]] = {}
        for file in json.loads(out.getvalue())["files"]:
            found.setdefault(file["outcome"], []).append(file["name"])
    return found


@pytest.fixture
def stored(any_storage: Any, small_jpeg: bytes) -> Iterator[set[str]]:
    """What is to stay, whatever the command is told."""
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg")).photo.name
    file = Attachment.objects.create(file=ContentFile(b"text", name="a.txt")).file.name
    others = [put(any_storage, name) for name in ("3c72aedc/readme.txt", "a.jpg")]
    kept = {photo, put(any_storage, resize_of(photo)), file, *others}
    yield kept
    assert kept <= keys_of(any_storage)


def test_orphans_are_reported_and_deleted_only_if_told_so(
    any_storage: Any, stored: set[str]
) -> None:
    orphan = put(any_storage, new_key())
    resize = put(any_storage, resize_of(orphan))
    assert clean() == {}  # stored less than a day ago
    time.sleep(1.1)  # S3 counts in seconds: the next one has begun
    assert clean("--grace", "0s") == {"orphaned": [orphan]}
    assert clean("--grace", "0s", "--delete", "--dry-run") == {"orphaned": [orphan]}
    assert keys_of(any_storage) == {*stored, orphan, resize}
    assert clean("--grace", "1h", "--delete") == {}
    assert clean("--grace", "0s", "--delete") == {"deleted": [orphan]}
    assert keys_of(any_storage) == stored


def test_rows_whose_original_is_missing(any_storage: Any, stored: set[str]) -> None:
    missing, foreign = new_key(), "photos/no key of ours.jpg"
    Photo.objects.create(photo=missing)
    Attachment.objects.create(preview=foreign)
    Attachment.objects.bulk_create([Attachment(file="a.jpg")])
    Attachment.objects.create(preview="../outside.jpg")
    put(any_storage, new_key())
    out = StringIO()
    with pytest.raises(CommandError, match="4 files need attention"):
        call_command("clean_media_orphans", "--missing", "--json", stdout=out, stderr=StringIO())
    invalid, *files = json.loads(out.getvalue())["files"]
    assert (invalid["outcome"], invalid["name"]) == ("invalid", "a.jpg")
    assert {(file["outcome"], file["name"], file["note"]) for file in files} == {
        ("missing", missing, "referenced by gallery.Photo.photo"),
        ("missing", foreign, "referenced by gallery.Attachment.preview"),
        ("missing", "../outside.jpg", "referenced by gallery.Attachment.preview"),
    }
    Photo.objects.filter(photo=missing).delete()
    Attachment.objects.filter(preview__in=[foreign, "../outside.jpg"]).delete()
    Attachment.objects.filter(file="a.jpg").update(file="")
    assert clean("--missing") == {}


# A file is stored a while before its row is committed, as in a slow transaction. Afterwards, it is
# made old: old enough for an orphan.
UPLOADS = """
import os
import time
from django.core.files.base import ContentFile
from django.db import transaction
from gallery.models import Attachment

print("ready", flush=True)
for number in range(30):
    with transaction.atomic():
        row = Attachment(file=ContentFile(b"text", name="a.txt"))
        row.file.save("a.txt", ContentFile(b"text"), save=False)
        time.sleep(0.1)
        row.save()
    os.utime(row.file.path, (0, 0))
"""
ORPHANS = """
import os
from django_shift_media.naming import keys
from django.core.files.base import ContentFile
from django_shift_media.storages.selection import media_storage

for _ in range(5):
    name = media_storage().save(keys.new_original("a.txt"), ContentFile(b"text"))
    os.utime(media_storage().path(name), (0, 0))
"""
LOOK = """
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment

print(Attachment.objects.count(), sum(row.file.storage.exists(row.file.name) for row in
    Attachment.objects.all()))
"""


def test_uploads_that_run_meanwhile_are_safe(tmp_path: Path) -> None:
    settings = environment(tmp_path)
    manage = [sys.executable, str(MANAGE)]
    subprocess.run([*manage, "migrate", "-v0"], env=settings, check=True)
    finish(shell(settings, ORPHANS))
    uploads = shell(settings, UPLOADS)
    assert uploads.stdout
    assert uploads.stdout.readline() == "ready\n"
    command = [*manage, "clean_media_orphans", "--grace", "1h", "--delete", "--json"]
    deleted = []
    is_over = False
    while not is_over:
        is_over = uploads.poll() is not None
        output = subprocess.run(command, env=settings, check=True, capture_output=True)
        deleted.append(json.loads(output.stdout)["counts"].get("deleted", 0))
    assert deleted == [5] + [0] * (len(deleted) - 1)
    assert finish(uploads) == ""
    assert finish(shell(settings, LOOK)) == "30 30\n"


def test_rows_that_come_to_name_a_file_while_orphans_are_looked_for() -> None:
    storage = media_storage()
    key = put(storage, new_key())
    columns = columns_of(media_fields(apps))
    with NameTable() as referenced:
        referenced.add_columns(columns)
        [page] = Listing(storage, 1)
        [entry] = page
        found = orphans.find_orphans([page], referenced, columns, timezone.now() + timedelta(1))
        assert [orphan.key for orphan in found] == [key]
        Photo.objects.create(photo=key)
        found = orphans.find_orphans([page], referenced, columns, timezone.now() + timedelta(1))
        assert list(found) == []
        [kept] = orphans.delete_orphans(storage, [entry], columns, 1)
        assert kept.outcome == "kept"
    assert storage.exists(key)
