"""
Originals are never lost: whatever happens, a file that a committed row names exists, whole.

``Attachment.file`` has ``delete_orphans``, ``Attachment.preview`` has not; all else about them is
the same here.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, models, transaction
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.fields import MediaField
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.buckets import new_bucket
from tests.support.faults import FaultyProxy, faulty_proxy
from tests.support.galleries import MANAGE, environment
from tests.support.shells import finish, shell, tell

pytestmark = pytest.mark.django_db(transaction=True)
each_database = pytest.mark.usefixtures("database")
# All ways are many tests.
most_databases = pytest.mark.usefixtures("most_databases")

OLD, NEW = draw_photo(40, 30), draw_photo(50, 20)


def new_file() -> "ContentFile[bytes]":
    return ContentFile(NEW, name="new.jpg")


def is_kept(name: str) -> bool:
    return media_storage().exists(name)


def assert_no_holes() -> None:
    for row in Attachment.objects.all():
        for file in (row.file, row.preview):
            if file:
                assert media_storage().get(file.name) in {OLD, NEW}


@pytest.fixture(params=["file", "preview"])
def field(request: Any) -> str:
    name: str = request.param
    return name


@pytest.fixture
def row(field: str) -> Attachment:
    return Attachment.objects.create(**{field: ContentFile(OLD, name="old.jpg")})


# -- every way to let go of a file ----------------------------------------------------------------


class AttachmentForm(forms.ModelForm):
    class Meta:
        model = Attachment
        fields = ["file", "preview"]


def replace(row: Attachment, field: str) -> None:
    setattr(row, field, new_file())
    row.save()


def replace_only(row: Attachment, field: str) -> None:
    setattr(row, field, new_file())
    row.save(update_fields=[field])


def replace_twice(row: Attachment, field: str) -> None:
    replace(row, field)
    replace(row, field)
    row.save()


def replace_by_the_file(row: Attachment, field: str) -> None:
    getattr(row, field).save("new.jpg", new_file())


def replace_unseen(row: Attachment, field: str) -> None:
    """The field is deferred: the instance never knew the file."""
    stranger = Attachment.objects.only("pk").get(pk=row.pk)
    setattr(stranger, field, new_file())
    stranger.save()


def clear(row: Attachment, field: str) -> None:
    setattr(row, field, "")
    row.save()


def delete(row: Attachment, field: str) -> None:
    row.delete()


def delete_unseen(row: Attachment, field: str) -> None:
    Attachment.objects.only("pk").get(pk=row.pk).delete()


def delete_by_queryset(row: Attachment, field: str) -> None:
    Attachment.objects.filter(pk=row.pk).delete()


def delete_by_cascade(row: Attachment, field: str) -> None:
    row.photo = Photo.objects.create(photo=new_file())
    row.save()
    row.photo.delete()


def update_or_create(row: Attachment, field: str) -> None:
    Attachment.objects.update_or_create({field: new_file()}, pk=row.pk)


def replace_by_form(row: Attachment, field: str) -> None:
    form = AttachmentForm({}, {field: SimpleUploadedFile("new.jpg", NEW)}, instance=row)
    assert form.is_valid(), form.errors
    form.save()


def clear_by_form(row: Attachment, field: str) -> None:
    form = AttachmentForm({f"{field}-clear": "on"}, {}, instance=row)
    assert form.is_valid(), form.errors
    form.save()


WAYS: list[Callable[[Attachment, str], None]] = [
    replace,
    replace_only,
    replace_twice,
    replace_by_the_file,
    replace_unseen,
    clear,
    delete,
    delete_unseen,
    delete_by_queryset,
    delete_by_cascade,
    update_or_create,
    replace_by_form,
    clear_by_form,
]
ways = pytest.mark.parametrize("let_go", WAYS)


@most_databases
@ways
def test_an_old_file_goes_on_commit_if_the_field_says_so(
    row: Attachment, field: str, let_go: Any
) -> None:
    name = getattr(row, field).name
    with transaction.atomic():
        let_go(row, field)
        assert is_kept(name)
    assert is_kept(name) == (field == "preview")
    assert_no_holes()


@most_databases
@ways
def test_a_rollback_keeps_the_old_file(row: Attachment, field: str, let_go: Any) -> None:
    name = getattr(row, field).name
    pk = row.pk
    with pytest.raises(RuntimeError), transaction.atomic():
        let_go(row, field)
        raise RuntimeError
    assert getattr(Attachment.objects.get(pk=pk), field).name == name
    assert media_storage().get(name) == OLD


@most_databases
@ways
def test_a_rollback_to_a_savepoint_keeps_the_old_file(
    row: Attachment, field: str, let_go: Any
) -> None:
    name = getattr(row, field).name
    with transaction.atomic(), pytest.raises(RuntimeError), transaction.atomic():
        let_go(row, field)
        raise RuntimeError
    assert media_storage().get(name) == OLD


@most_databases
@ways
def test_a_file_that_a_copied_row_names_is_kept(row: Attachment, field: str, let_go: Any) -> None:
    name = getattr(row, field).name
    twin = Attachment.objects.get(pk=row.pk)
    twin.pk = None
    twin._state.adding = True
    twin.save()
    let_go(row, field)
    assert getattr(Attachment.objects.get(pk=twin.pk), field).name == name
    assert media_storage().get(name) == OLD
    twin.delete()
    assert is_kept(name) == (field == "preview")


@most_databases
@ways
def test_a_file_that_a_row_of_another_field_names_is_kept(
    row: Attachment, field: str, let_go: Any
) -> None:
    name = getattr(row, field).name
    Photo.objects.create(photo=name)
    let_go(row, field)
    assert media_storage().get(name) == OLD


@most_databases
@ways
def test_without_a_transaction_the_old_file_goes_at_once(
    row: Attachment, field: str, let_go: Any
) -> None:
    name = getattr(row, field).name
    let_go(row, field)
    assert is_kept(name) == (field == "preview")
    assert_no_holes()


@each_database
def test_saves_that_keep_the_file_keep_it(row: Attachment, field: str) -> None:
    row.save()
    row.save()
    setattr(row, field, getattr(row, field).name)
    row.save()
    setattr(row, field, new_file())
    row.save(update_fields=["photo"])
    assert media_storage().get(getattr(Attachment.objects.get(), field).name) == OLD


def let_go_of_the_file(row: Attachment, field: str) -> None:
    getattr(row, field).delete()


@pytest.mark.parametrize("let_go", [delete, let_go_of_the_file])
def test_an_upload_that_was_never_stored_deletes_no_file_of_its_name(
    row: Attachment, field: str, let_go: Any
) -> None:
    name = getattr(row, field).name
    assert media_storage().save("new.jpg", ContentFile(OLD)) == "new.jpg"
    setattr(row, field, new_file())
    let_go(row, field)
    assert is_kept("new.jpg")
    assert is_kept(name) == (field == "preview")


@each_database
def test_an_update_of_a_queryset_is_not_seen(row: Attachment, field: str) -> None:
    name = getattr(row, field).name
    Attachment.objects.update(**{field: ""})
    assert is_kept(name)


@each_database
def test_a_database_that_refuses_the_row_keeps_the_old_file(row: Attachment, field: str) -> None:
    name = getattr(row, field).name
    setattr(row, field, new_file())
    row.photo_id = 12345
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()
    assert media_storage().get(getattr(Attachment.objects.get(), field).name) == OLD
    row.photo_id = None
    row.save()
    assert media_storage().get(getattr(Attachment.objects.get(), field).name) == NEW
    assert is_kept(name) == (field == "preview")


# -- in the admin ---------------------------------------------------------------------------------


@pytest.fixture
def page(row: Attachment, admin_client: Any) -> Callable[..., Any]:
    """Send the page of a photo in the admin, whose only attachment is the row."""
    row.photo = Photo.objects.create(photo=new_file())
    row.save()
    address = f"/admin/gallery/photo/{row.photo.pk}/"

    def send(action: str, **values: Any) -> None:
        inline = {f"attachment_set-0-{name}": value for name, value in values.items()}
        form = {
            "attachment_set-TOTAL_FORMS": 1,
            "attachment_set-INITIAL_FORMS": 1,
            "attachment_set-0-id": row.pk,
            "attachment_set-0-photo": row.photo.pk,
            "post": "yes",
        }
        assert admin_client.post(f"{address}{action}/", {**form, **inline}).status_code == 302

    return send


@each_database
@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("change", {"FIELD": "NEW"}),
        ("change", {"FIELD-clear": "on"}),
        ("change", {"DELETE": "on"}),
        ("delete", {}),
    ],
)
def test_the_admin_lets_go_of_files(
    row: Attachment, field: str, page: Any, action: str, values: dict[str, str]
) -> None:
    name = getattr(row, field).name
    page("change")
    assert is_kept(name)
    new = SimpleUploadedFile("new.jpg", NEW)
    values = {key.replace("FIELD", field): value for key, value in values.items()}
    page(action, **{key: new if value == "NEW" else value for key, value in values.items()})
    assert is_kept(name) == (field == "preview")
    assert_no_holes()


@each_database
def test_the_admin_deletes_what_is_selected(
    row: Attachment, field: str, page: Any, admin_client: Any
) -> None:
    name = getattr(row, field).name
    selected = {"action": "delete_selected", "_selected_action": row.photo.pk, "post": "yes"}  # type: ignore[union-attr]
    assert admin_client.post("/admin/gallery/photo/", selected).status_code == 302
    assert not Attachment.objects.exists()
    assert is_kept(name) == (field == "preview")


# -- instances that are out of date, and processes ------------------------------------------------


@each_database
def test_an_instance_that_is_out_of_date_brings_no_name_back(row: Attachment, field: str) -> None:
    stale = Attachment.objects.get()
    replace(row, field)
    if field == "file":
        with pytest.raises(
            FileNotFoundError, match=r"so no row can name it any more. Call refresh"
        ):
            stale.save()
        stale.refresh_from_db()
    stale.save()
    assert_no_holes()


@each_database
@pytest.mark.parametrize("field", ["file"], indirect=True)
def test_a_copy_that_is_out_of_date_is_refused(row: Attachment) -> None:
    twin = Attachment.objects.get()
    twin.pk = None
    twin._state.adding = True
    replace(row, "file")
    with pytest.raises(FileNotFoundError):
        twin.save()
    assert Attachment.objects.count() == 1


@each_database
def test_other_fields_of_an_instance_that_is_out_of_date_are_saved(row: Attachment) -> None:
    stale = Attachment.objects.get()
    row.delete()
    row = Attachment.objects.create(pk=stale.pk, file=new_file())
    stale.photo = Photo.objects.create(photo=new_file())
    stale.save(update_fields=["photo"])
    assert Attachment.objects.get().photo
    assert_no_holes()


@each_database
def test_rows_swap_their_files(row: Attachment, field: str) -> None:
    other = Attachment.objects.create(**{field: new_file()})
    names = {getattr(row, field).name, getattr(other, field).name}
    with transaction.atomic():
        first, second = getattr(row, field).name, getattr(other, field).name
        setattr(row, field, second)
        setattr(other, field, first)
        row.save()
        other.save()
    assert set(Attachment.objects.values_list(field, flat=True)) == names
    assert_no_holes()


@each_database
def test_a_row_that_is_deleted_is_saved_again(row: Attachment, field: str) -> None:
    name = getattr(row, field).name
    with transaction.atomic():
        row.delete()
        row.save()
    assert getattr(Attachment.objects.get(), field).name == name
    assert_no_holes()


@pytest.mark.parametrize("field", ["file"], indirect=True)
def test_a_file_that_no_row_has_named_is_named_by_an_update(row: Attachment) -> None:
    name = media_storage().save("3c72aedc/ba25/41e6/a569/406c8f413974/a.jpg/a.jpg", new_file())
    row.file = name
    with pytest.raises(FileNotFoundError, match=r"use QuerySet\.update"):
        row.save()
    Attachment.objects.update(file=name)
    assert media_storage().get(Attachment.objects.get().file.name) == NEW


def test_a_file_that_is_stored_before_its_row_is_named_at_any_attempt() -> None:
    row = Attachment()
    row.file.save("new.jpg", new_file(), save=False)
    with pytest.raises(RuntimeError), transaction.atomic():
        row.save()
        raise RuntimeError
    row.pk = None
    with transaction.atomic():
        row.save()
        row.file.save("newer.jpg", new_file(), save=False)
    row.save()
    assert_no_holes()
    assert Attachment.objects.get().file.name.endswith("newer.jpg")


FIRST = """
from django.core.files.base import ContentFile
from gallery.models import Attachment

Attachment.objects.create(file=ContentFile(b"first", name="first.txt"))
"""

RACE = """
import sys
from django.core.files.base import ContentFile
from django.db import transaction
from gallery.models import Attachment

data = sys.stdin.readline().strip().encode()
print("ready", flush=True)
sys.stdin.readline()
for turn in range(20):
    row = Attachment.objects.get()
    row.file = ContentFile(data, name="new.txt")
    if turn % 2:
        with transaction.atomic():
            Attachment.objects.filter(pk=row.pk).update(photo=None)  # the lock first, on SQLite
            row.save()
    else:
        row.save()
"""

LOOK = """
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment

(row,) = Attachment.objects.all()
print(media_storage().get(row.file.name).decode())
"""


@each_database
def test_two_processes_that_replace_the_file_of_a_row_leave_one_of_theirs(tmp_path: Path) -> None:
    settings = environment(tmp_path)
    subprocess.run([sys.executable, str(MANAGE), "migrate", "-v0"], env=settings, check=True)
    finish(shell(settings, FIRST))
    contents = [f"{number}{'x' * 50_000}" for number in range(2)]
    processes = [shell(settings, RACE) for _ in contents]
    for process, content in zip(processes, contents, strict=True):
        tell(process, content)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        tell(process, "go")
    for process in processes:
        finish(process)
    assert finish(shell(settings, LOOK)).strip() in contents


# -- a storage that fails -------------------------------------------------------------------------


@pytest.fixture
def proxy(settings: Any, moto: Any) -> Iterator[FaultyProxy]:
    with faulty_proxy(moto.endpoint_url) as proxy:
        new_bucket(settings, moto, endpoint_url=proxy.endpoint_url)
        yield proxy


@ways
@pytest.mark.parametrize(
    "fault",
    [
        "500",
        "lose answer",
        *(pytest.param(fault, marks=pytest.mark.nightly) for fault in ("403", "cut request")),
    ],
)
def test_a_storage_that_fails_loses_nothing(
    proxy: FaultyProxy, row: Attachment, field: str, let_go: Any, fault: Any
) -> None:
    name = getattr(row, field).name
    pk = row.pk
    proxy.fail(fault, "PUT", "DELETE", "POST")
    try:
        let_go(row, field)
    except StorageUnavailable:
        assert getattr(Attachment.objects.get(pk=pk), field).name == name
    proxy.mend()
    assert_no_holes()
    if rows := Attachment.objects.filter(pk=pk):
        replace(rows[0], field)
        assert_no_holes()


@pytest.mark.parametrize("field", ["file"], indirect=True)
def test_a_file_that_cannot_be_deleted_is_an_orphan_and_in_the_log(
    proxy: FaultyProxy, row: Attachment, caplog: Any
) -> None:
    name = str(row.file.name)
    proxy.fail("500", "GET", "POST", "DELETE")
    replace(row, "file")
    proxy.mend()
    assert is_kept(name)
    assert f"Could not delete '{name}'" in caplog.text
    assert_no_holes()


def test_a_failed_save_may_be_repeated(proxy: FaultyProxy, row: Attachment, field: str) -> None:
    name = getattr(row, field).name
    setattr(row, field, new_file())
    proxy.fail("500", "PUT")
    with pytest.raises(StorageUnavailable):
        row.save()
    proxy.mend()
    row.save()
    assert media_storage().get(getattr(Attachment.objects.get(), field).name) == NEW
    assert is_kept(name) == (field == "preview")


# -- models of all kinds --------------------------------------------------------------------------


def assert_lets_go(model: type[models.Model], **values: Any) -> None:
    """Replace, then delete, and look at the files."""
    row: Any = model._base_manager.create(file=ContentFile(OLD, name="old.jpg"), **values)
    first = row.file.name
    row.file = new_file()
    row.save()
    second = row.file.name
    assert (is_kept(first), is_kept(second)) == (False, True)
    row.delete()
    assert not is_kept(second)


@each_database
@isolate_apps("gallery")
def test_children_and_proxies_of_models_let_go_of_files(tables: Any) -> None:
    class Abstract(models.Model):
        file = MediaField(kind="any", delete_orphans=True)

        class Meta:
            app_label = "gallery"
            abstract = True

    class Parent(Abstract):
        class Meta:
            app_label = "gallery"

    class Proxy(Parent):
        class Meta:
            app_label = "gallery"
            proxy = True

    class Child(Parent):
        title = models.CharField(max_length=10)

        class Meta:
            app_label = "gallery"

    class Other(Abstract):
        class Meta:
            app_label = "gallery"

    tables(Parent, Child, Other)
    for model in (Parent, Proxy, Child, Other):
        assert_lets_go(model)
    child = Child.objects.create(file=new_file())
    child.delete(keep_parents=True)
    assert media_storage().get(Parent.objects.get().file.name) == NEW


ELSEWHERE = """
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connections, transaction
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment

default = connections.settings["default"]
connections.settings["other"] = {**default, "NAME": default["NAME"].with_name("other.sqlite3")}
call_command("migrate", verbosity=0, database="other")
row = Attachment(file=ContentFile(b"file", name="a.txt"))
row.save(using="other")
name = row.file.name
with transaction.atomic(using="other"):
    with transaction.atomic():
        row.delete(using="other")
    print(media_storage().exists(name))
print(media_storage().exists(name))
"""


def test_a_file_goes_with_the_commit_of_its_own_database(tmp_path: Path) -> None:
    assert finish(shell(environment(tmp_path), ELSEWHERE)) == "True\nFalse\n"


@each_database
@isolate_apps("gallery")
def test_a_row_that_the_default_manager_hides_keeps_its_file(tables: Any) -> None:
    class Visible(models.Manager["Hidden"]):
        def get_queryset(self) -> "models.QuerySet[Hidden]":
            return super().get_queryset().filter(visible=True)

    class Hidden(models.Model):
        file = MediaField(kind="any", delete_orphans=True)
        visible = models.BooleanField(default=True)
        objects = Visible()

        class Meta:
            app_label = "gallery"

    tables(Hidden)
    row = Hidden.objects.create(file=new_file())
    hidden = Hidden.objects.create(file=row.file.name, visible=False)
    row.delete()
    assert media_storage().get(hidden.file.name) == NEW
    assert_lets_go(Hidden, visible=False)


def test_migrations_do_not_know_the_option() -> None:
    text, _ = MigrationWriter.serialize(MediaField(delete_orphans=True))
    assert text == "django_shift_media.fields.MediaField()"
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("field", ["file"], indirect=True)
def test_the_models_of_migrations_delete_no_files(row: Attachment) -> None:
    state = ProjectState()
    for model in (Photo, Attachment):
        state.add_model(ModelState.from_model(model))
    state.apps.get_model("gallery", "Attachment").objects.all().delete()
    assert not Attachment.objects.exists()
    assert is_kept(str(row.file.name))


@pytest.mark.parametrize("field", ["file"], indirect=True)
def test_a_fixture_is_loaded_whether_its_files_exist_or_not(
    row: Attachment, tmp_path: Path
) -> None:
    dump = tmp_path / "attachments.json"
    call_command("dumpdata", "gallery.attachment", output=str(dump), verbosity=0)
    name = row.file.name
    row.delete()
    assert not is_kept(str(name))
    call_command("loaddata", str(dump), verbosity=0)
    assert Attachment.objects.get().file.name == name
