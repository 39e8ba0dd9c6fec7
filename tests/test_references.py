"""Files that somebody still names are kept: rows that are hard to see, and defaults."""

from io import StringIO
from itertools import count
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.models import Value
from django.test.utils import CaptureQueriesContext, isolate_apps

from django_shift_media.fields import MediaField
from django_shift_media.media.references import columns_of
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment
from tests.support.stored_objects import new_key, put

pytestmark = pytest.mark.django_db(transaction=True)
each_database = pytest.mark.usefixtures("database")

# The name of a default picture, which a project has stored once.
DEFAULT = "3c72aedc/ba25/41e6/a569/406c8f413974/avatar.png/avatar.png"


def new_file() -> "ContentFile[bytes]":
    return ContentFile(b"new", name="new.txt")


def is_kept(name: str) -> bool:
    return media_storage().exists(name)


# -- defaults -------------------------------------------------------------------------------------


def call_default() -> str:
    return DEFAULT


DEFAULTS: list[dict[str, Any]] = [
    {"default": DEFAULT},
    {"default": call_default},
    {"db_default": DEFAULT},
]
each_default = pytest.mark.parametrize("option", DEFAULTS, ids=["text", "callable", "db_default"])


def profiles(**options: Any) -> type[models.Model]:
    class Profile(models.Model):
        photo = MediaField(kind="any", delete_orphans=True, blank=True, **options)

        class Meta:
            app_label = "gallery"

    return Profile


@each_database
@each_default
@isolate_apps("gallery")
def test_a_default_is_never_deleted_and_can_always_be_named(tables: Any, option: Any) -> None:
    profile: Any = profiles(**option)
    tables(profile)
    put(media_storage(), DEFAULT)
    row = profile.objects.create()
    assert profile.objects.get().photo.name == DEFAULT
    row.photo = new_file()
    row.save()
    assert is_kept(DEFAULT)
    # No row names the default any more, and still there can be new ones.
    again = profile.objects.create()
    row.photo = DEFAULT
    row.save()
    again.delete()
    profile.objects.get().photo.delete()
    assert is_kept(DEFAULT)


@isolate_apps("gallery")
def test_a_row_with_a_default_waits_for_no_other_row_with_it(tables: Any) -> None:
    profile: Any = profiles(default=DEFAULT)
    tables(profile)
    profile.objects.create()
    with CaptureQueriesContext(connection) as queries:
        profile.objects.create()
    assert not [query["sql"] for query in queries if DEFAULT in query["sql"].partition("WHERE")[2]]


@each_database
@isolate_apps("gallery")
def test_the_default_of_one_field_is_kept_by_all(tables: Any) -> None:
    class Team(models.Model):
        logo = MediaField(kind="any", delete_orphans=True)

        class Meta:
            app_label = "gallery"

    tables(profiles(default=DEFAULT), Team)
    put(media_storage(), DEFAULT)
    team = Team.objects.create(logo=DEFAULT)
    team.delete()
    assert is_kept(DEFAULT)


@each_default
def test_a_default_is_no_orphan(monkeypatch: Any, option: dict[str, Any]) -> None:
    # The command looks at the models of the project, of which none has such a default.
    for name, value in option.items():
        monkeypatch.setattr(Attachment._meta.get_field("preview"), name, value)
    orphan = put(media_storage(), new_key())
    put(media_storage(), DEFAULT)
    out = StringIO()
    command = ["clean_media_orphans", "--grace", "0s", "--delete"]
    call_command(*command, stdout=out, stderr=StringIO())
    assert (is_kept(orphan), is_kept(DEFAULT)) == (False, True)


@pytest.mark.parametrize(
    "option",
    [
        {"default": "avatars/none.png"},
        {"default": lambda: "avatars/none.png"},
        {"db_default": "avatars/none.png"},
        {"db_default": Value("avatars/none.png")},
    ],
)
@isolate_apps("gallery")
def test_a_default_that_is_no_key_is_found(option: dict[str, Any]) -> None:
    (message,) = profiles(**option).check()
    assert message.id == "shift_media.E106"
    assert "is 'avatars/none.png', which is not the key of an original" in message.msg
    assert "{% if obj.photo %}" in str(message.hint)


def needs_a_table() -> str:
    return str(Attachment.objects.using("nowhere").get().file)


@pytest.mark.parametrize(
    "option", [{}, {"default": ""}, {"default": needs_a_table}, {"db_default": ""}, *DEFAULTS]
)
@isolate_apps("gallery")
def test_other_defaults_are_fine(option: dict[str, Any]) -> None:
    assert profiles(**option).check() == []


# -- rows that are hard to see --------------------------------------------------------------------


class Visible(models.Manager[Any]):
    def get_queryset(self) -> "models.QuerySet[Any]":
        return super().get_queryset().filter(visible=True)


class Annotated(models.Manager[Any]):
    def get_queryset(self) -> "models.QuerySet[Any]":
        return super().get_queryset().annotate(copies=models.Count("copy"))


@each_database
@isolate_apps("gallery")
def test_rows_that_the_base_manager_hides_keep_their_files(tables: Any) -> None:
    class Hidden(models.Model):
        file = MediaField(kind="any", delete_orphans=True)
        visible = models.BooleanField(default=True)
        objects = Visible()

        class Meta:
            app_label = "gallery"
            base_manager_name = "objects"

    tables(Hidden)
    row = Hidden.objects.create(file=new_file())
    twin = Hidden.objects.create(file=row.file.name, visible=False)
    name = str(row.file.name)
    row.delete()
    assert is_kept(name)
    # A hidden row is locked, so that another one can name its file.
    copy = Hidden.objects.create(file=name)
    models.QuerySet(Hidden).filter(pk=twin.pk).delete()
    copy.file.delete()
    assert not is_kept(name)


@each_database
@isolate_apps("gallery")
def test_a_base_manager_that_annotates_changes_nothing(tables: Any) -> None:
    class Counted(models.Model):
        file = MediaField(kind="any", delete_orphans=True)
        copy_of = models.ForeignKey("self", models.CASCADE, null=True, related_name="copy")
        objects = Annotated()

        class Meta:
            app_label = "gallery"
            base_manager_name = "objects"

    tables(Counted)
    row = Counted.objects.create(file=new_file())
    twin = Counted.objects.create(file=row.file.name)
    first = str(row.file.name)
    row.file = new_file()
    row.save()
    assert is_kept(first)
    twin.delete()
    assert not is_kept(first)


# -- tables that are not there --------------------------------------------------------------------


@each_database
@pytest.mark.parametrize("in_transaction", [False, True])
@isolate_apps("gallery")
def test_a_model_without_its_table_or_column_stops_no_deletion(
    tables: Any, in_transaction: bool, django_capture_on_commit_callbacks: Any
) -> None:
    class Owner(models.Model):
        file = MediaField(kind="any", delete_orphans=True)

        class Meta:
            app_label = "gallery"

    class Other(models.Model):
        title = models.CharField(max_length=10)

        class Meta:
            app_label = "gallery"

    tables(Owner, Other)
    row = Owner.objects.create(file=new_file())
    name = str(row.file.name)

    class Unmanaged(models.Model):
        file = MediaField(kind="any")

        class Meta:
            app_label = "gallery"
            managed = False

    # As between a deployment and its migration.
    Other.add_to_class("file", MediaField(kind="any"))
    if in_transaction:
        with transaction.atomic(), django_capture_on_commit_callbacks(execute=True):
            row.delete()
    else:
        row.delete()
    assert not is_kept(name)
    with pytest.raises(FileNotFoundError, match="so no row can name it any more"):
        Owner.objects.create(file=name)


@each_database
@isolate_apps("gallery")
def test_columns_are_those_that_exist_whatever_routers_allow(tables: Any, settings: Any) -> None:
    class Legacy(models.Model):
        file = MediaField(kind="any")

        class Meta:
            app_label = "gallery"
            db_table = "Legacy_Files"

    class Foreign(models.Model):
        file = MediaField(kind="any")

        class Meta:
            app_label = "gallery"
            db_table = '"other"."files"'

    class NotThere(models.Model):
        file = MediaField(kind="any")

        class Meta:
            app_label = "gallery"

    settings.DATABASE_ROUTERS = ["tests.test_references.NoMigrations"]
    tables(Legacy)
    fields: Any = [model._meta.get_field("file") for model in (Legacy, Foreign, NotThere)]
    assert [column.field.model for column in columns_of(fields)] == [Legacy, Foreign]


class NoMigrations:
    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return False


numbers = count()


# -- checks ---------------------------------------------------------------------------------------


@isolate_apps("gallery")
def test_a_cascade_in_the_database_is_found_beside_delete_orphans() -> None:
    class Album(models.Model):
        class Meta:
            app_label = "gallery"

    # New in Django 6.1; before that, there is nothing to be found.
    in_database = getattr(models, "DB_CASCADE", None)

    class Track(models.Model):
        album = models.ForeignKey(Album, in_database or models.CASCADE)
        file = MediaField(kind="any", delete_orphans=True)
        other = MediaField(kind="any")

        class Meta:
            app_label = "gallery"

    found = [message for message in Track.check() if message.id == "shift_media.W107"]
    assert [str(message.obj) for message in found] == ["gallery.Track.file"] * bool(in_database)
    assert all("when 'album' deletes rows" in message.msg for message in found)


def check_index(meta: dict[str, Any], **options: Any) -> list[str]:
    """Return the ids of what is found in a model with this field."""

    class Base(models.Model):
        title = models.CharField(max_length=10)
        file = MediaField(kind="any", **options)

        class Meta:
            app_label = "gallery"
            abstract = True

    names = {"__module__": __name__, "Meta": type("Meta", (), {"app_label": "gallery", **meta})}
    model: Any = type(f"Indexed{next(numbers)}", (Base,), names)
    return [message.id for message in model.check() if "shift_media" in str(message.id)]


class Deleting(models.Model):
    file = MediaField(kind="any", delete_orphans=True, db_index=True)

    class Meta:
        app_label = "gallery"
        abstract = True


@each_database
@isolate_apps("gallery")
def test_an_index_is_asked_for_where_all_rows_would_be_locked_without_it() -> None:
    assert check_index({}) == []  # no file of any field is deleted
    type("Child", (Deleting,), {"__module__": __name__})
    is_needed = connection.vendor == "mysql"
    assert check_index({}, db_index=True) == []
    assert check_index({}) == ["shift_media.W108"] * is_needed


@pytest.mark.parametrize(
    ("meta", "is_index"),
    [
        ({"indexes": [models.Index(fields=["file", "title"], name="a")]}, True),
        ({"indexes": [models.Index(fields=["title", "file"], name="b")]}, False),
        ({"indexes": [models.Index(fields=["-file"], name="c")]}, True),
        ({"unique_together": [("file", "title")]}, True),
        ({"constraints": [models.UniqueConstraint(fields=["file"], name="d")]}, True),
    ],
)
@pytest.mark.usefixtures("mariadb")
@isolate_apps("gallery")
def test_indexes_of_all_kinds_serve(meta: dict[str, Any], is_index: bool) -> None:
    type("Child", (Deleting,), {"__module__": __name__})
    assert (check_index(meta) == []) is is_index
