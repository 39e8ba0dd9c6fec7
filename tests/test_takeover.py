"""Migrations after which a media field has the name of the field before it."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

from album.models import Picture
from django_shift_media.fields import MediaField
from django_shift_media.maintenance.operations import ImportMedia
from django_shift_media.maintenance.takeover import Takeover
from django_shift_media.naming import keys
from gallery.drawings import draw_photo
from tests.support.servers import ROOT

SETTINGS = """
SECRET_KEY = "x" * 50
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "simple_history",
                  "django_shift_media", "shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MEDIA_ROOT = "media"
ROOT_URLCONF = "urls"
"""
URLS = """
from django.urls import include, path
urlpatterns = [path("shift-media/", include("django_shift_media.urls"))]
"""
MODELS = """
from django.db import models
from simple_history.models import HistoricalRecords
from django_shift_media.fields import MediaField

class Product(models.Model):
    {product}
    history = HistoricalRecords()

class Poster(models.Model):
    {poster}
"""
PRODUCT = "image = models.ImageField('Picture', upload_to='products', help_text='Of the front')"
POSTER = "image = models.ImageField(upload_to='posters', blank=True)"
WIDTH = """
    width = models.PositiveIntegerField(null=True, editable=False)
"""
PHOTO = (
    """
    photo = MediaField(blank=True, width_field="width", delete_orphans=True)
"""
    + WIDTH
)
FILL = """
from pathlib import Path
from django.core.files.base import ContentFile
from shop.models import *
photo = ContentFile(Path("photo.jpg").read_bytes(), name="chair.jpg")
product = Product.objects.create(image=photo)
Product.objects.create(image=product.image.name)
product.save()
gone = Product.objects.create(image=photo)
Path(gone.image.path).unlink()
Poster.objects.create(image=photo)
Poster.objects.create()
"""
MIGRATE = """
import json
from pathlib import Path
from django.db import connection
from shop.models import *
call_command("makemigrations", check=True, verbosity=0)
call_command("migrate", verbosity=0)
photo = Path("photo.jpg").read_bytes()
field = Product._meta.get_field("image")
print(json.dumps({
    "products": list(Product.objects.order_by("pk").values_list("image", "width")),
    "history": list(Product.history.order_by("pk").values_list("image", "width")),
    "posters": list(Poster.objects.order_by("pk").values_list("image", "width", "old_image")),
    "same": [row.image.read() == photo
             for model in (Product, Poster) for row in model.objects.exclude(image="")],
    "field": [field.verbose_name, field.help_text, field.blank, field.delete_orphans],
}))
call_command("migrate", "shop", "0005", verbosity=0)
with connection.cursor() as cursor:
    cursor.execute("SELECT image, photo FROM shop_poster ORDER BY id")
    print(json.dumps(cursor.fetchall()))
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    """Run Python code in a project, after Django's setup; return what it prints."""
    app = tmp_path / "shop"
    app.mkdir()
    (app / "__init__.py").touch()
    (tmp_path / "project_settings.py").write_text(SETTINGS)
    (tmp_path / "urls.py").write_text(URLS)
    (tmp_path / "photo.jpg").write_bytes(draw_photo(60, 40))

    def run(code: str, *, product: str, poster: str) -> str:
        (app / "models.py").write_text(MODELS.format(product=product, poster=poster))
        start = "import django; django.setup(); from django.core.management import call_command\n"
        done = subprocess.run(
            [sys.executable, "-c", start + dedent(code)],
            cwd=tmp_path,
            env={"DJANGO_SETTINGS_MODULE": "project_settings", "PYTHONPATH": f"{ROOT}:."},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def declared(output: str) -> str:
    """Return the declarations that the command prints."""
    return "\n    ".join(re.findall(r"^    (\w+ = .*)", output, re.MULTILINE))


def test_a_field_keeps_its_name_with_its_history(run: Any) -> None:
    make = "call_command('makemigrations', 'shop'); call_command('migrate', verbosity=0)"
    run(make + FILL, product=PRODUCT, poster=POSTER)
    both = {"product": PRODUCT + PHOTO, "poster": POSTER + PHOTO}
    write = "call_command('import_media', 'shop.{0}.image', 'shop.{0}.photo', {1})"
    product = run(write.format("Product", "write_migrations=True"), **both)
    poster = run(write.format("Poster", "write_migrations=True, keep_names='old_image'"), **both)
    after = {"product": declared(product) + WIDTH, "poster": declared(poster) + WIDTH}
    first, second = run(MIGRATE, **after).splitlines()
    found = json.loads(first)
    (chair, width), other, gone = found["products"]
    assert keys.is_original(chair)
    assert width == 60
    assert other == [chair, 60]  # the rows shared a file, and still do
    assert gone == ["", None]
    # Both records of the first row, and one of each other.
    assert found["history"] == [[chair, 60], [chair, 60], [chair, 60], ["", None]]
    (poster, _, old), empty = found["posters"]
    assert keys.is_original(poster)
    assert old.startswith("posters/chair")
    assert empty == ["", None, ""]
    assert found["same"] == [True, True, True]
    assert found["field"] == ["Picture", "Of the front", False, True]
    # Names that are kept are there again.
    assert json.loads(second) == [[old, poster], ["", ""]]


# -- the operation --------------------------------------------------------------------------------


def migrate(operation: ImportMedia) -> None:
    state = MigrationLoader(connection).project_state()
    with connection.schema_editor() as editor:
        operation.database_forwards("album", editor, state, state)


def picture(content: bytes) -> Picture:
    row = Picture.objects.create()
    name = default_storage.save("pictures/a.jpg", ContentFile(content))
    Picture.objects.filter(pk=row.pk).update(image=name)
    return row


@pytest.mark.django_db(transaction=True)
def test_a_migration_stops_before_a_file_is_lost() -> None:
    good, bad = picture(draw_photo(60, 40)), picture(b"text")
    gone = Picture.objects.create(image="pictures/gone.jpg")
    operation = ImportMedia("picture", "image", "photo")
    with pytest.raises(
        CommandError, match=rf"1 file\(s\) .*\n  rejected .*: row {bad.pk}: (.*\n)+.*allow"
    ):
        migrate(operation)
    bad.refresh_from_db()
    assert bad.image
    migrate(ImportMedia("picture", "image", "photo", allow=["missing", "rejected"]))
    rows = Picture.objects.in_bulk()
    assert [bool(rows[row.pk].photo) for row in (good, bad, gone)] == [True, False, False]
    # What is not there cannot be lost, but a site may ask.
    with pytest.raises(CommandError, match=r"missing +pictures/gone\.jpg"):
        migrate(ImportMedia("picture", "image", "photo", allow=["rejected"]))


@pytest.mark.django_db(transaction=True)
def test_a_migration_of_another_database_copies_nothing(settings: Any) -> None:
    row = picture(draw_photo(60, 40))
    settings.DATABASE_ROUTERS = [f"{__name__}.Nowhere"]
    migrate(ImportMedia("picture", "image", "photo"))
    row.refresh_from_db()
    assert not row.photo


class Nowhere:
    def allow_migrate(self, *args: Any, **hints: Any) -> bool:
        return False


def test_an_operation_is_written_with_its_options() -> None:
    operation = ImportMedia("picture", "image", "photo", mirrors=["a.B"], allow=["rejected"])
    migration = Migration("0009_import", "album")
    migration.operations = [operation]
    names: dict[str, Any] = {}
    exec(MigrationWriter(migration).as_string(), names)
    [written] = names["Migration"].operations
    assert written.deconstruct() == operation.deconstruct()
    assert ImportMedia("a", "b", "c").deconstruct()[2] == {
        "model_name": "a",
        "source": "b",
        "target": "c",
    }


# -- what the command prints ----------------------------------------------------------------------

PICTURE = ("album.Picture.image", "album.Picture.photo")


def printed(*arguments: str) -> str:
    output = StringIO()
    call_command("import_media", *arguments, stdout=output, stderr=StringIO())
    return output.getvalue()


@pytest.mark.django_db
def test_after_the_last_file_the_migrations_are_printed() -> None:
    picture(draw_photo(60, 40))
    output = printed(*PICTURE)
    operations = re.findall(r"^[\w.]*?(\w+)\($", output, re.MULTILINE)
    # The fields of this model are in its migrations already.
    assert operations == ["ImportMedia", "RemoveField", "RenameField"]
    assert "image = MediaField(blank=True, height_field='height', width_field='width')" in output
    for partial in (["--dry-run"], ["--limit", "1"]):
        assert "RemoveField" not in printed(*PICTURE, *partial)
    assert printed(*PICTURE, "--quiet") == ""


@pytest.mark.django_db
def test_a_dry_run_writes_no_migrations() -> None:
    folder = ROOT / "testproject" / "album" / "migrations"
    before = sorted(folder.iterdir())
    output = printed(*PICTURE, "--write-migrations", "--dry-run")
    assert "class Migration(migrations.Migration):" in output
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ({"indexes": [models.Index(fields=["-image"], name="by_image")]}, "by_image"),
        ({"constraints": [models.UniqueConstraint("photo", name="one")]}, None),
        ({"constraints": [models.UniqueConstraint(fields=["photo"], name="one")]}, "one"),
        ({"unique_together": [("id", "image")]}, "unique_together"),
        ({}, "has no migration yet. Run makemigrations"),
    ],
)
@isolate_apps("album")
@pytest.mark.django_db
def test_what_cannot_be_renamed_is_told(meta: dict[str, Any], message: str | None) -> None:
    class Poster(models.Model):
        image = models.ImageField()
        photo = MediaField(blank=True)
        Meta = type("Meta", (), {**meta, "app_label": "album"})

    image, photo = Poster._meta.get_field("image"), Poster._meta.get_field("photo")
    with pytest.raises(ValueError, match=message or "no migration yet"):
        Takeover(image, photo).migrations()  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_mirror_has_to_be_a_model() -> None:
    with pytest.raises(CommandError, match=r"Unknown model 'album\.Nothing'"):
        printed(*PICTURE, "--write-migrations", "--mirror", "album.Nothing")
    with pytest.raises(CommandError, match=r"gallery\.Photo has no field 'image'"):
        printed(*PICTURE, "--write-migrations", "--mirror", "gallery.Photo")
