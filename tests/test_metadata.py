"""Width, height, size, placeholder and focal point belong to the file that the row names."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django import forms
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models
from django.db.models import signals
from django.test.utils import CaptureQueriesContext, isolate_apps
from PIL import Image

from django_shift_media.fields import MediaField
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo

pytestmark = pytest.mark.django_db(transaction=True)
nightly = pytest.mark.nightly

OLD, NEW = draw_photo(40, 30, seed=1), draw_photo(50, 20, seed=2)
FACTS = ("width", "height", "placeholder", "size", "focal_point")


def new_file(data: bytes = NEW) -> "ContentFile[bytes]":
    return ContentFile(data, name="new.jpg")


@pytest.fixture(
    autouse=True,
    params=[
        "sqlite",
        pytest.param("postgresql", marks=nightly),
        pytest.param("mariadb", marks=nightly),
    ],
)
def _database(request: Any) -> None:
    if request.param != "sqlite":
        request.getfixturevalue(request.param)


class Shot(models.Model):
    """Some fields are before the file, others after it, and one is in the model's parent."""

    title = models.CharField(max_length=10)
    width = models.IntegerField(null=True)
    focal_point = models.CharField(max_length=7, blank=True)
    photo = MediaField(
        blank=True,
        width_field="width",
        height_field="height",
        size_field="size",
        placeholder_field="placeholder",
        focal_point_field="focal_point",
    )
    height = models.IntegerField(null=True)
    size = models.IntegerField(null=True)
    placeholder = models.CharField(max_length=44, blank=True)

    class Meta:
        app_label = "gallery"
        abstract = True


@pytest.fixture(params=["plain", "proxy", "child", "child of its fields"])
def model(request: Any, tables: Any) -> Iterator[Any]:
    """A model, a proxy, a child, and a child whose parent has the metadata fields."""
    with isolate_apps("gallery"):

        class Plain(Shot):
            class Meta:
                app_label = "gallery"

        class Proxy(Plain):
            class Meta:
                app_label = "gallery"
                proxy = True

        class Child(Plain):
            class Meta:
                app_label = "gallery"

        class Facts(models.Model):
            title = models.CharField(max_length=10)
            width = models.IntegerField(null=True)
            height = models.IntegerField(null=True)
            size = models.IntegerField(null=True)
            placeholder = models.CharField(max_length=44, blank=True)
            focal_point = models.CharField(max_length=7, blank=True)

            class Meta:
                app_label = "gallery"

        class Separate(Facts):
            photo = Shot._meta.get_field("photo").clone()

            class Meta:
                app_label = "gallery"

        choice: dict[str, list[type[models.Model]]] = {
            "plain": [Plain],
            "proxy": [Plain, Proxy],
            "child": [Plain, Child],
            "child of its fields": [Facts, Separate],
        }
        models_ = choice[request.param]
        tables(*(each for each in models_ if not each._meta.proxy))
        yield models_[-1]


@pytest.fixture
def row(model: Any) -> Any:
    row = model.objects.create(photo=new_file(OLD), focal_point="30,70")
    assert_true(row)
    return row


def assert_true(row: Any, focal_point: str = "30,70") -> None:
    """Compare the instance, and what is in the database, with the file."""
    in_database = type(row)._default_manager.get(pk=row.pk)
    for each in (in_database, row):
        assert each.focal_point == focal_point
        if not each.photo:
            assert [getattr(each, fact) for fact in FACTS] == [None, None, "", None, ""]
            continue
        data = media_storage().get(each.photo.name)
        assert (each.width, each.height) == Image.open(io.BytesIO(data)).size
        assert each.size == len(data)
        assert bool(each.placeholder)
    assert (in_database.placeholder, in_database.photo.name or "") == (
        row.placeholder,
        row.photo.name or "",
    )


# -- ways to get another file ---------------------------------------------------------------------


def save(row: Any) -> Any:
    row.photo = new_file()
    row.save()
    return row


def save_the_file_only(row: Any) -> Any:
    row.photo = new_file()
    row.save(update_fields=["photo"])
    return row


def save_by_the_file(row: Any) -> Any:
    row.photo.save("new.jpg", new_file())
    return row


def update_or_create(row: Any) -> Any:
    row, _ = type(row).objects.update_or_create({"photo": new_file()}, pk=row.pk)
    return row


def create_by_update_or_create(row: Any) -> Any:
    row, _ = type(row).objects.update_or_create({"photo": new_file()}, title="new")
    return row


def save_deferred(row: Any) -> Any:
    row = type(row).objects.defer("photo").get(pk=row.pk)
    row.photo = new_file()
    row.save()
    return row


def save_only_the_key(row: Any) -> Any:
    row = type(row).objects.only("pk").get(pk=row.pk)
    row.photo = new_file()
    row.save()
    return row


def save_only_the_file(row: Any) -> Any:
    row = type(row).objects.only("photo").get(pk=row.pk)
    row.photo = new_file()
    row.save()
    return row


def save_deferred_by_the_file(row: Any) -> Any:
    row = type(row).objects.only("photo").get(pk=row.pk)
    row.photo.save("new.jpg", new_file(), save=False)
    row.save(update_fields=["photo"])
    return row


def save_a_copy(row: Any) -> Any:
    row = type(row).objects.only("title").get(pk=row.pk)
    row.pk = row.id = None
    row._state.adding = True
    row.photo = new_file()
    row.save()
    return row


def bulk_create(row: Any) -> Any:
    if type(row)._meta.parents:  # as Django does: it does not create the rows of parents in bulk
        return save(row)
    (row,) = type(row).objects.bulk_create([type(row)(photo=new_file())])
    return type(row).objects.latest("pk")


def save_after_reading_a_deferred_focal_point(row: Any) -> Any:
    row = type(row).objects.only("photo").get(pk=row.pk)
    assert row.photo.focal_point == (30, 70)
    return save(row)


def save_after_refreshing_the_focal_point(row: Any) -> Any:
    type(row).objects.filter(pk=row.pk).update(focal_point="1,2")
    row.refresh_from_db(fields=["focal_point"])
    assert row.focal_point == "1,2"
    return save(row)


NEW_FILE = [
    save,
    save_the_file_only,
    save_by_the_file,
    update_or_create,
    create_by_update_or_create,
    save_deferred,
    save_only_the_key,
    save_only_the_file,
    save_deferred_by_the_file,
    save_a_copy,
    save_after_reading_a_deferred_focal_point,
    save_after_refreshing_the_focal_point,
    bulk_create,
]


@pytest.mark.parametrize("replace", NEW_FILE)
def test_a_new_file_has_its_own_metadata_and_no_focal_point(row: Any, replace: Any) -> None:
    placeholder = row.placeholder
    row = replace(row)
    assert media_storage().get(row.photo.name) == NEW
    assert row.placeholder != placeholder
    assert_true(row, "")


def clear(row: Any) -> Any:
    row.photo = ""
    row.save()
    return row


def clear_the_file_only(row: Any) -> Any:
    row.photo = ""
    row.save(update_fields=["photo"])
    return row


def delete(row: Any) -> Any:
    row.photo.delete()
    return row


def clear_by_update_or_create(row: Any) -> Any:
    row, _ = type(row).objects.update_or_create({"photo": ""}, pk=row.pk)
    return row


def clear_deferred(row: Any) -> Any:
    row = type(row).objects.defer("photo").get(pk=row.pk)
    row.photo = None
    row.photo.name = ""
    row.save()
    return row


def clear_and_set_a_focal_point(row: Any) -> Any:
    row.focal_point = "1,2"
    return clear(row)


@pytest.mark.parametrize(
    "clear",
    [
        clear,
        clear_the_file_only,
        delete,
        clear_by_update_or_create,
        clear_deferred,
        clear_and_set_a_focal_point,
    ],
)
def test_without_a_file_there_is_no_metadata(row: Any, clear: Any) -> None:
    row = clear(row)
    assert not row.photo
    assert_true(row, "")


def test_a_file_of_another_row_brings_its_own_metadata(row: Any, model: Any) -> None:
    other = model.objects.create(photo=new_file(), focal_point="10,20")
    row.photo = other.photo
    row.save()
    assert media_storage().get(row.photo.name) == NEW
    assert_true(row, "10,20")
    other = model.objects.only("pk").get(pk=other.pk)
    assert_true(model.objects.create(photo=other.photo), "10,20")


def test_a_name_without_its_row_brings_nothing(row: Any, model: Any) -> None:
    row.photo = model.objects.create(photo=new_file()).photo.name
    row.save()
    row = model.objects.get(pk=row.pk)
    assert [getattr(row, fact) for fact in FACTS] == [None, None, "", None, ""]
    row.photo.measure()
    row.save()
    assert_true(row, "")


# -- a focal point that is set for the new file ---------------------------------------------------


def set_before(row: Any) -> Any:
    row.focal_point = "10,20"
    return save(row)


def set_after(row: Any) -> Any:
    row.photo = new_file()
    row.focal_point = "10,20"
    row.save()
    return row


def set_with_defaults(row: Any) -> Any:
    defaults = {"focal_point": "10,20", "photo": new_file()}
    row, _ = type(row).objects.update_or_create(defaults, pk=row.pk)
    return row


def set_in_new_instance(row: Any) -> Any:
    return type(row).objects.create(photo=new_file(), focal_point="10,20")


def set_in_new_instance_whose_upload_is_replaced_before_saving(row: Any) -> Any:
    def shrink(instance: Any, **kwargs: Any) -> None:
        instance.photo = new_file()

    with connected(signals.pre_save, shrink):
        return type(row).objects.create(photo=new_file(OLD), focal_point="10,20")


@contextmanager
def connected(signal: signals.ModelSignal, receiver: Any) -> Iterator[None]:
    signal.connect(receiver)
    try:
        yield
    finally:
        signal.disconnect(receiver)


def set_before_the_file_is_saved(row: Any) -> Any:
    row = type(row)(focal_point="10,20")
    row.photo.save("new.jpg", new_file())
    return row


def set_before_another_field_is_saved(row: Any) -> Any:
    row.focal_point = "10,20"
    row.save(update_fields=["title"])
    return save(row)


def set_by_a_form(row: Any) -> Any:
    return send_form(row, "10,20")


@pytest.mark.parametrize(
    "replace",
    [
        set_before,
        set_after,
        set_with_defaults,
        set_in_new_instance,
        set_in_new_instance_whose_upload_is_replaced_before_saving,
        set_before_the_file_is_saved,
        set_before_another_field_is_saved,
        set_by_a_form,
    ],
)
def test_a_focal_point_that_was_set_for_the_new_file_is_kept(row: Any, replace: Any) -> None:
    row = replace(row)
    assert media_storage().get(row.photo.name) == NEW
    assert_true(row, "10,20")
    row.photo = new_file(OLD)
    row.save()
    assert_true(row, "")


def send_form(row: Any, focal_point: str) -> Any:
    class ShotForm(forms.ModelForm):  # type: ignore[type-arg]
        class Meta:
            model = type(row)
            fields = ["photo", "focal_point"]

    files = {"photo": SimpleUploadedFile("new.jpg", NEW)}
    form = ShotForm({"focal_point": focal_point}, files, instance=row)
    assert form.is_valid(), form.errors
    return form.save()


def test_a_form_without_javascript_does_not_bring_back_the_old_one(row: Any) -> None:
    assert_true(send_form(row, "30,70"), "")


# -- what changes nothing -------------------------------------------------------------------------


def assign_itself(row: Any) -> None:
    row.photo = row.photo


def assign_its_name(row: Any) -> None:
    row.photo = row.photo.name


def measure(row: Any) -> None:
    row.photo.measure()


def refresh(row: Any) -> None:
    row.refresh_from_db()


def refresh_the_file(row: Any) -> None:
    row.refresh_from_db(fields=["photo"])


@pytest.mark.parametrize(
    "touch", [assign_itself, assign_its_name, measure, refresh, refresh_the_file]
)
def test_the_same_file_keeps_its_metadata(row: Any, model: Any, touch: Any) -> None:
    for each in (row, model.objects.get(pk=row.pk), model.objects.only("title").get(pk=row.pk)):
        touch(each)
        each.save()
        assert_true(model.objects.get(pk=row.pk))


@pytest.mark.skipif(not hasattr(models, "FETCH_PEERS"), reason="requires Django 6.1")
def test_files_that_are_loaded_for_all_rows_at_once_keep_their_metadata(
    row: Any, model: Any
) -> None:
    model.objects.create(photo=new_file(), focal_point="10,20")
    with CaptureQueriesContext(connection) as queries:
        first, second = model.objects.defer("photo").fetch_mode(models.FETCH_PEERS).order_by("pk")
        assert first.photo
        assert second.photo
    assert len(queries) == 2
    for each, focal_point in ((first, "30,70"), (second, "10,20")):
        assert_true(each, focal_point)
        each.save()
        assert_true(each, focal_point)


def test_a_focal_point_that_is_set_alone_stays(row: Any, model: Any) -> None:
    for changed in (row, model.objects.defer("photo").get(pk=row.pk)):
        changed.focal_point = "1,2"
        assert changed.photo  # loads it, if it was deferred
        changed.save()
        assert_true(model.objects.get(pk=row.pk), "1,2")


def test_a_refresh_forgets_whose_focal_point_it_was(row: Any, model: Any) -> None:
    model.objects.filter(pk=row.pk).update(focal_point="1,2")
    row.refresh_from_db()
    row.photo = new_file()
    row.save()
    assert_true(row, "")


@pytest.mark.parametrize("load", ["defer", "refresh"])
def test_a_file_that_was_replaced_meanwhile_comes_with_its_metadata(
    row: Any, model: Any, load: str
) -> None:
    stale = model.objects.defer("photo").get(pk=row.pk) if load == "defer" else row
    save(model.objects.get(pk=row.pk))
    if load == "refresh":
        stale.refresh_from_db(fields=["photo"])
    assert media_storage().get(stale.photo.name) == NEW
    stale.save()
    assert_true(model.objects.get(pk=row.pk), "")


def test_rendering_costs_no_query_more_than_before(row: Any, model: Any) -> None:
    with CaptureQueriesContext(connection) as queries:
        for each in model.objects.all():
            assert each.photo.resize("10x10", how="fill")
    assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        for each in model.objects.only("title"):
            assert each.photo.url
    assert len(queries) == 2
