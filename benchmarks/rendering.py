"""
Render the page of each candidate in turn, on one storage, in one process.

Prints a list of ``Line`` as JSON. See ``page_settings`` for the environment.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.template import engines  # noqa: E402

from benchmarks.counting import counting  # noqa: E402
from benchmarks.orders import Line  # noqa: E402
from benchmarks.page_settings import CHOSEN, ORDER  # noqa: E402
from benchmarks.peers import Candidate  # noqa: E402
from django_shift_media.naming import keys  # noqa: E402
from django_shift_media.storages.selection import media_storage  # noqa: E402
from gallery.drawings import draw_photo  # noqa: E402
from tests.support.loads import CountedS3  # noqa: E402

LEAST_REPEATS = 3
MOST_REPEATS = 60


class Page:
    """A page of objects with an image each, rendered by one candidate."""

    _numbers = count()

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self.model = apps.get_model(candidate.model) if candidate.model else self._new_model()
        self.template = engines["django"].from_string(
            f"{{% for obj in objects %}}{candidate.tag}{{% endfor %}}"
        )

    def _new_model(self) -> Any:
        meta = type("Meta", (), {"app_label": "benchmarks"})
        attributes = {"Meta": meta, "__module__": __name__, **self.candidate.fields()}
        model: Any = type(f"Thing{next(self._numbers)}", (models.Model,), attributes)
        with connection.schema_editor() as editor:
            editor.create_model(model)
        return model

    def show(self, names: Sequence[str]) -> None:
        """Create rows for these files. Earlier rows stay: Wagtail would delete their files, too."""
        rows = [self.model(**self.candidate.row(name)) for name in names]
        self.shown = [row.pk for row in self.model.objects.bulk_create(rows)]
        self.times: list[float] = []

    def read(self) -> list[Any]:
        """Return new objects, without anything cached by an earlier rendering."""
        objects = list(self.model.objects.filter(pk__in=self.shown))
        if self.candidate.prepare:
            for thing in objects:
                self.candidate.prepare(thing)
        return objects

    def render(self, objects: Sequence[Any]) -> None:
        """Render the page, and record the seconds."""
        started = time.perf_counter()
        rendered = self.template.render({"objects": objects})
        self.times.append(time.perf_counter() - started)
        if not rendered.strip():
            raise ValueError(f"{self.candidate.name} rendered an empty page")

    @property
    def is_done(self) -> bool:
        if len(self.times) >= MOST_REPEATS:
            return True
        return len(self.times) >= LEAST_REPEATS and sum(self.times) > ORDER.seconds

    def line(self, state: str, counted: Counter[str]) -> Line:
        urls = len(self.shown) * self.candidate.urls
        return Line(self.candidate.name, state, urls, min(self.times), *counted.values())


def render_in_turn(
    pages: Sequence[Page], state: str, *, empty_cache: bool = False
) -> Iterator[Line]:
    counts = [_counted(page, empty_cache=empty_cache) for page in pages]
    for page in pages:
        page.times.clear()
    while waiting := [page for page in pages if not page.is_done]:
        for page in waiting:
            if empty_cache:
                cache.clear()
            page.render(page.read())
    for page, counted in zip(pages, counts, strict=True):
        yield page.line(state, counted)


def render_cold(pages: Sequence[Page], names: Sequence[str]) -> Iterator[Line]:
    """Render pages of new files, each once: their images exist after the first rendering."""
    for page in pages:
        page.render(page.read())  # warms up the code; the new files stay cold
        page.show(names)
        yield page.line("cold", _counted(page))


def _counted(page: Page, *, empty_cache: bool = False) -> Counter[str]:
    if empty_cache:
        cache.clear()
    objects = page.read()
    s3 = CountedS3(ORDER.s3["endpoint_url"], Path(ORDER.s3_log)) if ORDER.s3_log else None
    with counting(s3) as counted:
        page.render(objects)
    return counted


def store(number: int, data: bytes) -> list[str]:
    """Store a photo under N new keys, and return them."""
    storage = media_storage()
    return [storage.save(keys.new_original("photo.jpg"), ContentFile(data)) for _ in range(number)]


def main() -> None:
    call_command("migrate", verbosity=0)
    pages = [Page(candidate) for candidate in CHOSEN]
    small = store(ORDER.objects, draw_photo(400, 300))
    for page in pages:
        page.show(small)
        page.render(page.read())  # generates missing images
    lines = [
        *render_in_turn(pages, "warm"),
        *render_in_turn(pages, "emptied", empty_cache=True),
    ]
    side = ORDER.cold_side
    large = store(ORDER.cold_objects, draw_photo(4 * side, 3 * side, quality=90))
    lines += render_cold(pages, large)
    json.dump(lines, sys.stdout)


if __name__ == "__main__":
    main()
