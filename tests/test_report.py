"""``media_report``: what a storage has, by field, preset, format and age."""

import csv
import json
import os
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.test import Client

from django_shift_media.contrib.reports.models import MediaReport
from django_shift_media.naming.renditions import Poster, Rendition, sign
from django_shift_media.storages.erasure import erase_upload
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment, Photo
from tests.support.axe import violations
from tests.support.buckets import operations
from tests.support.permissions import permission
from tests.support.stored_objects import is_on_s3, keys_of, new_key, put, resize_of

PHOTO, FILE, PREVIEW = (
    f"gallery.{name}" for name in ("Photo.photo", "Attachment.file", "Attachment.preview")
)


def report(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("media_report", *arguments, "--json", stdout=out, stderr=StringIO())
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


def counts(tally: dict[str, Any]) -> tuple[int, int]:
    return tally["count"], tally["bytes"]


@pytest.fixture
def stocked(any_storage: Any, db: None, small_jpeg: bytes) -> dict[str, int]:
    """A storage with some of everything; return the sizes of the photo and of the attachment."""
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg"), focal_point="1,2")
    Attachment.objects.create(file=ContentFile(b"some text", name="a.txt"))
    # A name in two fields belongs to one of them.
    Attachment.objects.create(preview=photo.photo.name)
    tile, other = photo.photo.picture("tile").img.url, photo.photo.resize("77x", format="avif").url
    for url in (tile, other):
        put(any_storage, url[url.index(photo.photo.name[:36]) :])
    orphan = put(any_storage, new_key(), b"12345")
    put(any_storage, resize_of(orphan))
    Photo.objects.create(photo=new_key())
    put(any_storage, "of-others/a.txt")
    erase_upload(any_storage, new_key())
    return {"photo": len(small_jpeg), "file": len(b"some text")}


def test_everything_is_counted_once(any_storage: Any, stocked: dict[str, int]) -> None:
    sent = operations(any_storage) if is_on_s3(any_storage) else []
    document = report("--grace", "0s")
    # One listing, and one question for the photo that is missing.
    assert sorted(set(sent)) in ([], ["HeadObject", "ListObjectsV2"])
    assert sent.count("HeadObject") <= 1
    fields = {each["field"]: each for each in document["fields"]}
    assert counts(fields[PHOTO]["originals"]) == (1, stocked["photo"])
    assert counts(fields[PHOTO]["resizes"]) == (2, 8)
    assert counts(fields[FILE]["originals"]) == (1, stocked["file"])
    assert counts(fields[PREVIEW]["originals"]) == (0, 0)
    assert [fields[name]["missing"] for name in (PHOTO, FILE, PREVIEW)] == [1, 0, 0]
    assert counts(document["orphans"]["originals"]) == (1, 5)
    assert counts(document["orphans"]["resizes"]) == (1, 4)
    assert counts(document["recent"]["originals"]) == (0, 0)
    assert counts(document["others"]) == (1, 4)
    groups = {(each["preset"], each["format"]): each for each in document["resizes"]}
    assert {group: each["count"] for group, each in groups.items()} == {
        ("tile", "webp"): 1,
        ("", "avif"): 1,
        ("", "jpg"): 1,
    }
    assert {each["days"] for each in groups.values()} == {7}
    assert document["total"]["count"] == len(keys_of(any_storage)) - 1  # and a tombstone


def test_what_is_new_is_no_orphan_yet(any_storage: Any, stocked: dict[str, int]) -> None:
    document = report()
    assert counts(document["orphans"]["originals"]) == (0, 0)
    assert counts(document["recent"]["originals"]) == (1, 5)
    assert counts(document["recent"]["resizes"]) == (1, 4)


@pytest.fixture
def local(stocked: dict[str, int]) -> Any:
    return media_storage()


local_disk = pytest.mark.parametrize("any_storage", ["local"], indirect=True)


@local_disk
@pytest.mark.parametrize(
    ("age", "days"), [(6.9, 7), (7.1, 30), (89, 90), (364, 365), (366, None), (-1, 7)]
)
def test_resizes_are_grouped_by_age(local: Any, age: float, days: int | None) -> None:
    key = put(local, resize_of(new_key(), signature="b" * 32))
    path = local.path(key)
    then = Path(path).stat().st_mtime - timedelta(days=age).total_seconds()
    os.utime(path, (then, then))
    groups = [each for each in report()["resizes"] if each["format"] == "jpg"]
    assert sum(each["count"] for each in groups) == 2
    assert days in {each["days"] for each in groups}


@local_disk
def test_what_it_costs_is_a_matter_of_bytes(local: Any) -> None:
    assert report()["total"]["dollars"] is None
    document = report("--price", "999")
    total = document["total"]
    assert total["dollars"] == pytest.approx(total["bytes"] / 1e9 * 999, abs=1e-6)
    for each in (*document["fields"], document["orphans"]):
        parts = each["originals"]["dollars"] + each["resizes"]["dollars"]
        assert each["dollars"] == pytest.approx(parts, abs=2e-6)


@pytest.mark.parametrize("any_storage", ["moto"], indirect=True)
def test_the_price_of_a_bucket_is_that_of_s3(any_storage: Any, stocked: dict[str, int]) -> None:
    assert report()["dollars_per_gigabyte"] == 0.023


@local_disk
def test_csv_has_the_same_numbers(local: Any) -> None:
    out = StringIO()
    call_command("media_report", "--csv", stdout=out, stderr=StringIO())
    rows = list(csv.DictReader(StringIO(out.getvalue())))
    document = report()
    assert {len(row) for row in rows} == {7}
    counted = sum(int(row["count"]) for row in rows if row["section"].endswith(": originals"))
    assert counted == 3
    by_field = {row["name"]: row for row in rows if row["section"] == "field: originals"}
    for each in document["fields"]:
        assert by_field[each["field"]]["bytes"] == str(each["originals"]["bytes"])
    resizes = [row for row in rows if row["section"] == "resizes"]
    assert [int(row["count"]) for row in resizes] == [each["count"] for each in document["resizes"]]


@local_disk
def test_people_get_tables(local: Any) -> None:
    out = StringIO()
    call_command("media_report", "--price", "0.023", "--grace", "0s", stdout=out, stderr=StringIO())
    text = out.getvalue()
    for part in (
        PHOTO,
        "orphans",
        "tile",
        "(none)",
        "up to 7 days",
        "$0.00 per month",
        "not of this package: 1.",
    ):
        assert part in text, text
    call_command("media_report", "--quiet", stdout=(quiet := StringIO()), stderr=StringIO())
    assert quiet.getvalue() == ""


@local_disk
def test_what_was_made_of_videos_belongs_to_their_field(local: Any, admin_client: Client) -> None:
    video, orphan = new_key("clip.mp4"), new_key("clip.mp4")
    Attachment.objects.bulk_create([Attachment(file=put(local, video, b"video"))])
    for key in (sign(video, Rendition(height=720)), sign(video, Poster()), resize_of(video)):
        put(local, key, b"made")
    put(local, sign(orphan, Rendition(height=720)), b"of nothing")
    document = report("--grace", "0s")
    fields = {each["field"]: each for each in document["fields"]}
    assert counts(fields[FILE]["renditions"]) == (2, 8)
    assert counts(fields[FILE]["resizes"]) == (1, 4)
    assert counts(document["orphans"]["renditions"]) == (1, 10)
    assert counts(document["renditions"]) == (3, 18)
    assert counts(document["others"]) == (1, 4)
    assert document["total"]["count"] == len(keys_of(local)) - 1  # and a tombstone
    call_command("media_report", stdout=(out := StringIO()), stderr=StringIO())
    assert "renditions" in out.getvalue()
    call_command("media_report", "--csv", stdout=(out := StringIO()), stderr=StringIO())
    assert f"field: renditions,{FILE},,,2,8," in out.getvalue()
    call_command("media_report", "--save", "--quiet", stderr=StringIO())
    saved = MediaReport.objects.get()
    page = admin_client.get(f"/admin/shift_media_reports/mediareport/{saved.pk}/change/")
    assert ">renditions<" in page.content.decode()
    assert "Files that are not of this package: 1 · 4" in page.content.decode()


def test_another_storage_is_named(settings: Any, tmp_path: Any, db: None) -> None:
    other = {
        "BACKEND": "django_shift_media.storages.local.LocalMediaStorage",
        "OPTIONS": {"location": str(tmp_path / "other"), "base_url": "/other/"},
    }
    settings.STORAGES = {**settings.STORAGES, "other": other}
    with pytest.raises(CommandError, match="No MediaField stores its files"):
        report("--storage", "other")
    settings.SHIFT_MEDIA_STORAGE = "other"
    put(media_storage(), new_key())
    document = report("--storage", "other")
    assert (document["storage"], document["total"]["count"]) == ("other", 1)


def test_an_adapted_storage_is_reported(adapted: Any, db: None) -> None:
    put_in = ContentFile(b"12345", name="a.txt")
    Attachment.objects.create(file=put_in)
    document = report()
    fields = {each["field"]: each for each in document["fields"]}
    assert counts(fields[FILE]["originals"]) == (1, 5)


@pytest.mark.parametrize("price", ["free", "-1", "nan"])
def test_a_price_that_is_none_is_refused(price: str) -> None:
    with pytest.raises(CommandError, match="Invalid price"):
        call_command("media_report", f"--price={price}")


# -- the admin ------------------------------------------------------------------------------------


@local_disk
def test_a_saved_report_is_a_page_of_the_admin(local: Any, admin_client: Client) -> None:
    call_command("media_report", "--save", "--quiet", "--price", "0.023", stderr=StringIO())
    saved = MediaReport.objects.get()
    assert saved.document["total"] == report("--price", "0.023")["total"]
    before = keys_of(local)
    listed = admin_client.get("/admin/shift_media_reports/mediareport/").content.decode()
    assert f"/mediareport/{saved.pk}/change/" in listed
    page = admin_client.get(f"/admin/shift_media_reports/mediareport/{saved.pk}/change/")
    for part in (PHOTO, "tile", "orphans", "US$ per month", "≤ 7"):
        assert part in page.content.decode()
    assert "<script>" not in page.content.decode()
    assert keys_of(local) == before


@pytest.mark.django_db
def test_reports_need_a_permission_and_nobody_changes_them() -> None:
    call_command("media_report", "--save", "--quiet", stderr=StringIO())
    saved = MediaReport.objects.get()
    user = User.objects.create(username="clerk", is_staff=True)
    client = Client()
    client.force_login(user)
    url = f"/admin/shift_media_reports/mediareport/{saved.pk}/"
    assert client.get(f"{url}change/").status_code == 403
    assert client.get("/admin/shift_media_reports/mediareport/").status_code == 403
    user.user_permissions.add(permission(MediaReport, "view"))
    assert client.get(f"{url}change/").status_code == 200
    assert client.post(f"{url}change/", {"storage": "x"}).status_code == 403
    assert client.get(f"{url}delete/").status_code == 403
    assert client.get("/admin/shift_media_reports/mediareport/add/").status_code == 403


def test_saving_needs_the_app(settings: Any) -> None:
    app = "django_shift_media.contrib.reports"
    settings.INSTALLED_APPS = [each for each in settings.INSTALLED_APPS if each != app]
    with pytest.raises(CommandError, match=r"contrib\.reports"):
        call_command("media_report", "--save")


@local_disk
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_accessible(local: Any, new_desk: Any, scheme: str, width: int) -> None:
    call_command("media_report", "--save", "--quiet", "--price", "0.023", stderr=StringIO())
    saved = MediaReport.objects.get()
    desk = new_desk(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = desk.open(f"../shift_media_reports/mediareport/{saved.pk}/change/")
    assert violations(page, "#content") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert desk.complaints == []
    desk.shoot(f"report-{scheme}-{width}")
