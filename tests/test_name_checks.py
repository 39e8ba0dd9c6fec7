"""A field whose class was changed in place has names that are not keys: a system check says so."""

from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import models
from django.test.utils import isolate_apps

from django_shift_media.fields import MediaField
from django_shift_media.media import name_checks
from gallery.models import Photo
from tests.support.stored_objects import new_key


def found(*labels: str) -> list[Any]:
    configs = [apps.get_app_config(label) for label in labels] or None
    messages = run_checks(configs, tags=[Tags.database], databases=["default"])
    return [message for message in messages if message.id == "shift_media.W109"]


@pytest.mark.django_db
def test_old_names_in_a_media_field_are_found() -> None:
    Photo.objects.bulk_create([Photo(photo=new_key()), Photo(photo="")])
    assert found() == []
    Photo.objects.bulk_create([Photo(photo="photos/chair.jpg")])
    [message] = found()
    assert "gallery.Photo.photo" in message.msg
    assert "'photos/chair.jpg'" in message.msg
    assert "import_media FROM TO --write-migrations" in message.hint
    assert found("gallery") == [message]
    assert found("album") == []
    # What migrates prints it; a plain check reads no rows.
    output = StringIO()
    call_command(
        "migrate", "gallery", "0004_sizes", skip_checks=False, stdout=output, stderr=output
    )
    assert "shift_media.W109" in output.getvalue()
    assert [each for each in run_checks() if each.id == "shift_media.W109"] == []


@pytest.mark.django_db
@pytest.mark.parametrize("place", [0, 9])
def test_a_sample_of_old_and_new_rows_is_read(place: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(name_checks, "_MOST_ROWS", 2)
    names = [new_key() for _ in range(10)]
    names[place] = "old.jpg"
    Photo.objects.bulk_create([Photo(photo=name) for name in names])
    assert len(found()) == 1


@pytest.mark.django_db
@isolate_apps("gallery")
def test_a_table_that_is_not_there_yet_has_no_names() -> None:
    class Poster(models.Model):
        image = MediaField()

        class Meta:
            app_label = "gallery"

    assert list(name_checks.check_names([Poster._meta.get_field("image")], ["default"])) == []
