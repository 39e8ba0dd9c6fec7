"""The URLs that files had before they were moved: they are redirected, and found in texts."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError
from django.db import models
from django.test.utils import isolate_apps
from django.urls import include, path

from album.models import Picture
from django_shift_media.maintenance.old_urls import add_moved_files, find_old_urls
from django_shift_media.maintenance.references import NameTable
from django_shift_media.media.references import Column
from django_shift_media.redirects import redirect_to_media
from gallery.drawings import draw_photo
from tests.support.stored_objects import tend

FIELDS = {"album.Picture.document": "file", "album.Picture.image": "photo"}
urlpatterns = [
    path("shift-media/", include("django_shift_media.urls")),
    path("media/<path:name>", redirect_to_media, {"fields": FIELDS}),
]


def picture(name: str = "Größe.jpg") -> Picture:
    row = Picture.objects.create(image=ContentFile(draw_photo(60, 40), name=name))
    tend("import_media", "album.Picture.image", "album.Picture.photo")
    row.refresh_from_db()
    return row


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_an_old_url_leads_to_the_new_original(client: Any) -> None:
    row = picture()
    Picture.objects.create(image=row.image.name)  # which was not imported
    old_url = f"/media/{row.image.name}"
    answer = client.get(old_url)
    assert (answer.status_code, answer["Location"]) == (302, row.photo.url)
    assert client.head(old_url)["Location"] == row.photo.url
    assert client.post(old_url).status_code == 405
    for name in ("pictures/another.jpg", "a\0b", row.photo.name):
        assert client.get(f"/media/{name}").status_code == 404
    Picture.objects.update(photo="")
    assert client.get(old_url).status_code == 404


TEXTS = {
    "markdown": "![A cat](/media/{0})",
    "html": '<img src="https://example.com/media/{0}?v=2">',
    "plain": "See https://cdn.example.com/files/{0}.",
    "encoded": "/media/{1}",
    "srcset": "/media/{0} 1x, /media/another.jpg 2x",
    "another": "/media/pictures/another.jpg and {0} alone, //[",
    "empty": "",
}


@pytest.mark.django_db(transaction=True)
@isolate_apps("gallery")
def test_old_urls_are_found_in_texts(tables: Any) -> None:
    class Page(models.Model):
        body = models.TextField()
        blocks = models.JSONField(null=True)

        class Meta:
            app_label = "gallery"

    tables(Page)
    row = picture()
    old, encoded = row.image.name, row.image.url.removeprefix("/media/")
    assert encoded != old
    rows = {
        name: Page.objects.create(body=text.format(old, encoded)).pk for name, text in TEXTS.items()
    }
    block = Page.objects.create(body="", blocks=[{"image": {"src": f"/media/{old}"}}]).pk
    body, blocks = (Page._meta.get_field(name) for name in ("body", "blocks"))
    image, photo = (Picture._meta.get_field(name) for name in ("image", "photo"))
    with NameTable() as table:
        add_moved_files(table, Column(image, "default"), photo)
        found = [*find_old_urls(table, Column(body, "default"))]
        in_blocks = [*find_old_urls(table, Column(blocks, "default"))]
    expected = [rows[name] for name in TEXTS if name not in {"another", "empty"}]
    assert [(result.name, result.note) for result in found] == [
        (old, f"in gallery.Page.body, primary key {pk}; now {row.photo.name}") for pk in expected
    ]
    [result] = in_blocks
    assert f"primary key {block}" in result.note


@pytest.mark.django_db
def test_the_command_reads_the_fields_that_it_is_given() -> None:
    row = picture("cat.jpg")
    fields = ("album.Picture.image", "album.Picture.photo")
    Picture.objects.filter(pk=row.pk).update(document=f"https://example.com/{row.image.name}")
    document = tend("find_old_media_urls", *fields, "--in", "album.Picture.document")
    assert document["counts"] == {"found": 1}
    # Without the option, each field with texts.
    assert tend("find_old_media_urls", *fields)["counts"] == {}
    with pytest.raises(CommandError, match="two fields of the same model"):
        tend("find_old_media_urls", "gallery.Photo.photo", "album.Picture.photo")
