"""What the guides for moving in say: their migrations run, and their templates render."""

import re
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState
from django.template import engines

from django_shift_media.fields import MediaField
from django_shift_media.maintenance.field_migration import FieldMigration
from django_shift_media.naming.presets import preset_resizes
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.servers import ROOT

GUIDES = sorted((ROOT / "docs" / "howto").glob("move-from-*.rst"))
FIRST = [
    migrations.CreateModel(
        "Product",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("image", models.ImageField(upload_to="products")),
        ],
    )
]


def migrations_of(guide: str) -> list[Any]:
    """Return the migrations that a guide spells out."""
    blocks = re.findall(r"code-block:: python\n\n((?: {7}.*\n|\n)+)", guide)
    found = []
    for block in blocks:
        if "class Migration" in block:
            names: dict[str, Any] = {
                "migrations": migrations,
                "models": models,
                "MediaField": MediaField,
            }
            exec(re.sub("^ {7}", "", block, flags=re.MULTILINE), names)
            found.append(names["Migration"])
    return found


@pytest.mark.django_db(transaction=True)
def test_the_two_migrations_and_the_import_between_them(small_jpeg: bytes) -> None:
    guide = (ROOT / "docs" / "howto" / "move-from-imagefield.rst").read_text()
    add, remove = migrations_of(guide)
    state = ProjectState()

    def migrate(operations: list[Any]) -> Any:
        nonlocal state
        for operation in operations:
            before, state = state, state.clone()
            operation.state_forwards("shop", state)
            with connection.schema_editor() as editor:
                operation.database_forwards("shop", editor, before, state)
        return state.apps.get_model("shop", "Product")

    product = migrate(FIRST)
    try:
        product.objects.create(image=ContentFile(small_jpeg, name="Chair.jpeg"))
        product = migrate(add.operations)
        move = FieldMigration(product._meta.get_field("image"), product._meta.get_field("photo"))
        assert [result.outcome for result in move.run(workers=2)] == ["copied"]
        assert migrate(remove.operations)._meta.get_fields()[1].name == "width"
        row = state.apps.get_model("shop", "Product").objects.get()
        assert (row.width, row.height) == (400, 300)
        assert media_storage().get(row.photo.name) == small_jpeg
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(state.apps.get_model("shop", "Product"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_the_templates_of_the_guides_render(guide: Any, photo: Photo, settings: Any) -> None:
    settings.SHIFT_MEDIA_PRESETS = {"avatar": {"size": "96x96", "how": "fill"}}
    text = guide.read_text()
    tags = re.findall(r"{% resize .*? %}", text)
    assert tags or guide.stem == "move-from-imagefield"
    for tag in tags:
        template = engines["django"].from_string("{% load shift_media %}" + tag)
        template.render({"obj": photo})
    for presets in re.findall(r"``SHIFT_MEDIA_PRESETS = (.*)``", text):
        settings.SHIFT_MEDIA_PRESETS = eval(presets)
        assert preset_resizes("avatar", "jpg")
