"""``alt_field``: the text for people who do not see the picture; see the recipes, too."""

from typing import Any

import pytest
from django.db import models
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from django_shift_media.admin import thumbnail
from django_shift_media.contrib.rest_framework import MediaSerializerField
from django_shift_media.contrib.spectacular import MediaSerializerFieldExtension
from django_shift_media.fields import MediaField
from tests.support.stored_objects import new_key
from tests.support.templates import rendered


@pytest.fixture
def poster() -> Any:
    with isolate_apps("gallery"):

        class Poster(models.Model):
            photo = MediaField(alt_field="alt")
            other = MediaField(blank=True, alt_field="text")
            alt = models.CharField(max_length=100)

            class Meta:
                app_label = "gallery"

    return Poster(photo=new_key(), alt='"A" & B')


@pytest.mark.parametrize(
    ("given", "alt"),
    [
        ("", "&quot;A&quot; &amp; B"),
        ("alt=None", "&quot;A&quot; &amp; B"),
        ('alt="Other"', "Other"),
        ('alt=""', ""),
    ],
)
@pytest.mark.parametrize("tag", ["picture", "img"])
def test_tags_use_it_unless_they_have_another(poster: Any, tag: str, given: str, alt: str) -> None:
    html = rendered(f'{{% {tag} obj.photo "9x9" {given} %}}', obj=poster)
    assert f' alt="{alt}"' in html
    assert html.count("alt=") == 1


def test_a_picture_without_a_text_is_decoration(poster: Any) -> None:
    poster.alt = ""
    assert ' alt=""' in rendered('{% img obj.photo "9x9" %}', obj=poster)


def test_lists_in_the_admin_have_it(poster: Any) -> None:
    assert 'alt="&quot;A&quot; &amp; B"' in str(thumbnail("photo")(poster))


def test_serializers_and_their_schema_have_it(poster: Any) -> None:
    class PosterSerializer(serializers.ModelSerializer):
        photo = MediaSerializerField()

        class Meta:
            model = type(poster)
            fields = ["photo"]

    serializer = PosterSerializer(poster)
    assert serializer.data["photo"]["alt"] == '"A" & B'
    extension = MediaSerializerFieldExtension(serializer.fields["photo"])
    schema = extension.map_serializer_field(AutoSchema(), "response")
    assert set(schema["properties"]) == {"url", "width", "height", "alt"}


def test_a_field_that_is_not_there_is_reported(poster: Any) -> None:
    [message] = [each for each in type(poster).check() if each.id == "shift_media.E101"]
    assert "alt_field is 'text'" in message.msg


def test_migrations_have_it(poster: Any) -> None:
    code, _ = MigrationWriter.serialize(poster._meta.get_field("photo"))
    assert "alt_field='alt'" in code
