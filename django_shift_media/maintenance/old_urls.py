"""Find the URLs of old files in texts, such as Markdown, after a move to a media field."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from django.apps import apps
from django.db import models
from django.db.models import Q

from django_shift_media.maintenance.listing import batched
from django_shift_media.maintenance.references import NameTable
from django_shift_media.maintenance.results import Result
from django_shift_media.media.references import AnyField, Column, row_pages

# What ends a URL in Markdown, HTML, JSON and plain text.
_WORD = re.compile(r"[^\s\"'<>()\[\]{}\\|`]+")
# A name is compared with at most so many parts of a path: "a/b/c.jpg" has three.
_MOST_PARTS = 12
# SQLite takes a limited number of parameters.
_BATCH_SIZE = 500


def text_fields() -> list[AnyField]:
    """Return the fields of all models that may contain texts with URLs."""
    return [
        field
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_fields
        if isinstance(field, models.TextField | models.URLField | models.JSONField)
    ]


def add_moved_files(table: NameTable, column: Column, target: AnyField) -> None:
    """Add the old names in a column to a table, with the new name of each."""
    is_empty = Q(**{target.attname: ""}) | Q(**{target.attname: None})
    rows = column.rows.exclude(is_empty).only("pk", column.field.attname, target.attname)
    for page in row_pages(rows):
        names = ((row.__dict__[column.field.attname], row.__dict__[target.attname]) for row in page)
        table.add((str(old), str(new)) for old, new in names if old)


def find_old_urls(table: NameTable, column: Column) -> Iterator[Result]:
    """Yield each URL in the texts of a column that ends with a name of the table."""
    attname = column.field.attname
    for page in row_pages(column.rows.only("pk", attname)):
        found = {row.pk: set(_names_in(row.__dict__[attname])) for row in page}
        known = dict(_look_up(table, {name for names in found.values() for name in names}))
        for pk, names in found.items():
            for name in sorted(names & known.keys()):
                note = f"in {column}, primary key {pk!r}; now {known[name]}"
                yield Result("found", name, note=note, severity="notice")


def _names_in(value: Any) -> Iterator[str]:
    """Yield all names that URLs in a text may end with."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    for word in filter(lambda word: "/" in word, _WORD.findall(text)):
        try:
            path = unquote(urlsplit(word.rstrip(".,;:!?*_")).path)
        except ValueError:  # such as "//[", which is not a URL
            continue
        parts = path.split("/")[-_MOST_PARTS:]
        yield from ("/".join(parts[start:]) for start in range(1, len(parts)))


def _look_up(table: NameTable, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for batch in batched(names, _BATCH_SIZE):
        yield from table.find(batch)
