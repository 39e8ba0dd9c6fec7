"""What the guides for moving in say: their migrations run, and their templates render."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState
from django.db.models.signals import pre_save

from album.models import Picture
from django_shift_media.fields import MediaField
from django_shift_media.maintenance.operations import ImportMedia
from django_shift_media.naming.presets import preset_resizes
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.examples import EXAMPLES
from tests.support.servers import ROOT
from tests.support.stored_objects import tend
from tests.support.templates import rendered

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
    found = []
    for example in EXAMPLES:
        if example.document.name == guide and "class Migration" in example.code:
            names: dict[str, Any] = {
                "migrations": migrations,
                "models": models,
                "MediaField": MediaField,
                "ImportMedia": ImportMedia,
            }
            exec(example.code, names)
            found.append(names["Migration"])
    return found


@pytest.mark.django_db(transaction=True)
def test_the_three_migrations(small_jpeg: bytes) -> None:
    add, copy, rename = migrations_of("move-from-imagefield.rst")
    assert copy.atomic is False
    state = ProjectState()
    steps = []

    def migrate(operations: list[Any]) -> Any:
        nonlocal state
        for operation in operations:
            before, state = state, state.clone()
            steps.append((operation, before, state))
            operation.state_forwards("shop", state)
            with connection.schema_editor() as editor:
                operation.database_forwards("shop", editor, before, state)
        return state.apps.get_model("shop", "Product")

    product = migrate(FIRST)
    try:
        old = product.objects.create(image=ContentFile(small_jpeg, name="Chair.jpeg"))
        migrate(add.operations)
        row = migrate(copy.operations).objects.get()
        assert row.image.name == old.image.name
        # Until here, everything can be taken back.
        for operation, before, after in reversed(steps[len(FIRST) :]):
            with connection.schema_editor() as editor:
                operation.database_backwards("shop", editor, after, before)
        assert product.objects.get().image.read() == small_jpeg
        state = steps[0][2]
        product = migrate([*add.operations, *copy.operations, *rename.operations])
        assert {field.name for field in product._meta.fields} == {"id", "image", "width", "height"}
        row = product.objects.get()
        assert (row.width, row.height) == (400, 300)
        assert media_storage().get(row.image.name) == small_jpeg
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(state.apps.get_model("shop", "Product"))


@pytest.mark.django_db
def test_a_row_that_gets_another_image_meanwhile_is_copied_again() -> None:
    [receiver] = [example for example in EXAMPLES if "def forget_copy" in example.code]
    names: dict[str, Any] = {"Product": Picture}
    exec(receiver.code, names)
    try:
        row = Picture.objects.create(image=ContentFile(draw_photo(60, 40), name="a.jpg"))
        for photo in (None, ContentFile(draw_photo(80, 40), name="b.jpg")):
            if photo:
                row.image = photo
            row.save()
            tend("import_media", "album.Picture.image", "album.Picture.photo")
            row.refresh_from_db()
            assert row.photo.read() == row.image.read()
    finally:
        pre_save.disconnect(names["forget_copy"], sender=Picture)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_the_templates_of_the_guides_render(guide: Any, photo: Photo, settings: Any) -> None:
    """``tests/test_peers.py`` compares them with those of the other packages."""
    for example in EXAMPLES:
        if example.document == guide and re.search(r"(?m)^SHIFT_MEDIA_\w+ = {", example.code):
            shown: dict[str, Any] = {}
            exec(example.code, shown)
            for name in filter(str.isupper, shown):
                setattr(settings, name, shown[name])
    assert all(preset_resizes(name, "jpg") for name in getattr(settings, "SHIFT_MEDIA_PRESETS", {}))
    tags = re.findall(r"{% (?:resize|img|picture) obj\.(?:photo|cover) .*? %}", guide.read_text())
    assert tags or guide.stem == "move-from-imagefield"
    obj = SimpleNamespace(photo=photo.photo, cover=Photo().photo)
    for tag in tags:
        rendered(tag, obj=obj)
