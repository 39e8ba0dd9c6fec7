"""The name that a person gave a file is kept, and sent with the file."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import models
from django.test.utils import isolate_apps
from django.utils.http import parse_header_parameters
from hypothesis import given
from hypothesis import strategies as st

from django_shift_media.fields import MediaField
from django_shift_media.naming.formats import content_type, served_content_type
from django_shift_media.naming.original_names import clean_name, content_disposition
from gallery.models import Attachment
from tests.support.browsing import fetch
from tests.support.buckets import change_options, new_bucket

FOLDER = "3c72aedc/ba25/41e6/a569/406c8f413974"
CONTRACT = "Договор аренды.pdf"


def read_header(disposition: str) -> tuple[str, str | None]:
    """Parse a header as Django parses those of uploads."""
    kind, parameters = parse_header_parameters(disposition)
    return kind, parameters.get("filename")


# -- the header -----------------------------------------------------------------------------------


def test_the_header_has_both_forms_of_the_name() -> None:
    assert content_disposition(f"{FOLDER}/na-ve.zip/na-ve.zip", "naïve €.zip") == (
        # as in the examples of RFC 8187, section 3.2.3
        "attachment; filename=\"na-ve.zip\"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.zip"
    )


def test_a_name_that_is_in_the_key_is_not_repeated() -> None:
    assert content_disposition(f"{FOLDER}/a.pdf/a.pdf", "a.pdf") == "inline"
    assert content_disposition(f"{FOLDER}/a.zip/a.zip") == "attachment"


@given(st.text(max_size=300))
def test_any_name_gives_a_header_of_ascii_that_decodes_to_it(text: str) -> None:
    name = clean_name(text)
    header = content_disposition(f"{FOLDER}/file.bin/file.bin", name)
    assert header.isascii()
    assert header.isprintable()
    assert read_header(header) == ("attachment", name if name != "file.bin" and name else None)


@pytest.mark.parametrize(
    ("name", "key_name", "sent"),
    [
        ("Осень.HEIC", "osen.jpg", "Осень.jpg"),  # its content is a JPEG
        ("Осень.JPEG", "osen.jpg", "Осень.JPEG"),
        ("Осень", "osen.jpg", "Осень.jpg"),
        ("Смета.v2", "smeta.v2", "Смета.v2"),
    ],
)
def test_the_extension_of_an_image_is_true(name: str, key_name: str, sent: str) -> None:
    assert read_header(content_disposition(f"{FOLDER}/{key_name}/{key_name}", name))[1] == sent


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        (CONTRACT, CONTRACT),
        ("C:\\files\\a b.pdf", "a b.pdf"),
        ("../../a.pdf", "a.pdf"),
        ("a\r\nSet-Cookie: b.pdf", "aSet-Cookie: b.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("e\u0301.pdf", "é.pdf"),
        ("я" * 200 + ".pdf", "я" * 118 + ".pdf"),
    ],
)
def test_names_are_safe_to_send(given_name: str, name: str) -> None:
    assert clean_name(given_name) == name


@given(st.text(), st.integers(1, 100))
def test_a_name_is_as_short_as_its_column(name: str, length: int) -> None:
    assert len(clean_name(name, max_length=length)) <= length


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("a.pdf.gz", "application/gzip"),
        ("a.svg.bz2", "application/x-bzip2"),
        ("a.tgz", "application/gzip"),
        ("a.gz.pdf", "application/pdf"),
        ("gz", "application/octet-stream"),
    ],
)
def test_the_last_extension_decides_the_type(name: str, type: str) -> None:
    assert content_type(name) == type


@pytest.mark.parametrize("extension", ["js", "mjs", "html", "svg", "xml", "xhtml", "css", "json"])
def test_what_a_browser_could_run_is_served_as_binary_data(extension: str) -> None:
    assert served_content_type(f"a.{extension}") == "application/octet-stream"


# -- the row --------------------------------------------------------------------------------------


@pytest.fixture
def document_model() -> Any:
    with isolate_apps("gallery"):

        class Document(models.Model):
            file = MediaField(kind="any", name_field="name")
            name = models.CharField(max_length=30)

            class Meta:
                app_label = "gallery"

        yield Document


def test_the_row_keeps_the_name(document_model: Any) -> None:
    row = document_model()
    row.file = SimpleUploadedFile(CONTRACT, b"%PDF")
    assert row.name == CONTRACT
    row.file.save("Смета.pdf", ContentFile(b"%PDF"), save=False)
    assert (row.name, row.file.original_name) == ("Смета.pdf", "Смета.pdf")
    assert row.file.name.endswith("/smeta.pdf")
    row.file.measure()
    assert row.name == "Смета.pdf"
    other = document_model(file=row.file)
    assert other.name == "Смета.pdf"
    row.file.save("я" * 80 + ".pdf", ContentFile(b"%PDF"), save=False)
    assert row.name == "я" * 26 + ".pdf"
    row.file = None
    assert row.name == ""


def test_an_option_of_the_field_is_part_of_migrations(document_model: Any) -> None:
    *_, options = document_model._meta.get_field("file").deconstruct()
    assert options["name_field"] == "name"


def test_without_a_field_the_name_is_that_in_the_key(db: None) -> None:
    row = Attachment.objects.create(file=ContentFile(b"%PDF", name=CONTRACT))
    assert row.file.original_name == "dogovor-arendy.pdf"


# -- S3 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [4, 70_000_000])  # in one request, and in several
def test_downloads_from_a_bucket_have_the_name(
    moto_bucket: Any, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    row = Attachment()
    monkeypatch.setattr(row.file.field, "max_bytes", None)
    row.file.save(CONTRACT, ContentFile(bytes(size)), save=False)
    head = moto_bucket.client.head_object(Bucket=moto_bucket.bucket_name, Key=row.file.name)
    assert read_header(head["ContentDisposition"]) == ("inline", CONTRACT)
    if size == 4:
        assert read_header(fetch(row.file.url).headers["Content-Disposition"])[1] == CONTRACT


def test_a_disposition_of_the_options_is_sent_as_it_is(moto_bucket: Any, settings: Any) -> None:
    storage = change_options(settings, object_parameters={"ContentDisposition": "attachment"})
    row = Attachment()
    row.file.save(CONTRACT, ContentFile(b"%PDF"), save=False)
    head = storage.client.head_object(Bucket=storage.bucket_name, Key=row.file.name)
    assert head["ContentDisposition"] == "attachment"


def test_a_copy_in_another_bucket_has_the_name(moto_bucket: Any, moto: Any, settings: Any) -> None:
    row = Attachment()
    row.file.save(CONTRACT, ContentFile(b"%PDF"), save=False)
    first = settings.STORAGES["media"]
    target = new_bucket(settings, moto)
    settings.STORAGES = {**settings.STORAGES, "first": first}
    call_command("copy_media", "--from", "first", "--to", "media", "--quiet")
    head = target.client.head_object(Bucket=target.bucket_name, Key=row.file.name)
    assert read_header(head["ContentDisposition"]) == ("inline", CONTRACT)


def test_a_browser_saves_a_file_under_its_name(moto_bucket: Any, chromium: Any, db: None) -> None:
    row = Attachment.objects.create(file=ContentFile(b"PK", name="Фото с отдыха ☀.zip"))
    page = chromium.new_page()
    try:
        page.set_content(f'<a href="{row.file.url}">download</a>')
        with page.expect_download() as download:
            page.click("a")
        assert download.value.suggested_filename == "Фото с отдыха ☀.zip"
    finally:
        page.close()
