"""
One process of the page's measurement: all candidates in turn, on one storage.

Takes an ``Order`` as JSON in its only argument, and prints a list of ``Line`` as JSON.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import django
from django.conf import settings

from benchmarks.peers import CANDIDATES, Candidate


class Order(NamedTuple):
    """
    What to measure. ``s3`` has the options of an S3 storage; none: local disk.

    ``cache`` is the URL of a Redis, "": memory. ``seconds`` is about how long each candidate
    renders in each state.
    """

    folder: str
    s3: dict[str, Any]
    s3_log: str
    cache: str
    candidates: list[str]
    objects: int
    cold_objects: int
    cold_side: int
    seconds: float


class Line(NamedTuple):
    """What a candidate took: seconds for the page, and what it asked for in one rendering."""

    candidate: str
    state: str
    objects: int
    seconds: float
    queries: int
    cache_calls: int
    s3_requests: int


def configure(order: Order, candidates: Sequence[Candidate]) -> None:
    default, ours = "django.core.files.storage.FileSystemStorage", "storages.LocalMediaStorage"
    if order.s3:
        default, ours = "storages.backends.s3.S3Storage", "s3.S3MediaStorage"
    storage = {"BACKEND": default, "OPTIONS": order.s3}
    libraries = {"floor": "benchmarks.floor"}
    for candidate in candidates:
        libraries.update(candidate.libraries)
    options = {"libraries": libraries}
    settings.configure(
        INSTALLED_APPS=[
            *(app for candidate in candidates for app in candidate.apps),
            *("django.contrib.auth", "django.contrib.contenttypes", "django_shift_media"),
        ],
        SECRET_KEY="of-a-benchmark-" * 4,
        ROOT_URLCONF="benchmarks.urls",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        CACHES={"default": _cache(order.cache)},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": options,
            }
        ],
        MEDIA_ROOT=order.folder,
        MEDIA_URL="/media/",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        STORAGES={
            "default": storage,
            "easy_thumbnails": storage,
            "staticfiles": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "media": {"BACKEND": f"django_shift_media.{ours}", "OPTIONS": order.s3},
        },
        SHIFT_MEDIA_STORAGE="media",
        **{name: value for each in candidates for name, value in each.settings.items()},
    )
    django.setup()


def _cache(url: str) -> dict[str, Any]:
    backends = "django.core.cache.backends"
    if url:
        return {"BACKEND": f"{backends}.redis.RedisCache", "LOCATION": url}
    # It would forget some of more than 300.
    options = {"MAX_ENTRIES": 1_000_000}
    return {"BACKEND": f"{backends}.locmem.LocMemCache", "OPTIONS": options}


class Page:
    """A page of objects, each with its image, as one candidate renders it."""

    _numbers = count()

    def __init__(self, candidate: Candidate) -> None:
        from django.apps import apps
        from django.template import engines

        self.candidate = candidate
        self.model = apps.get_model(candidate.model) if candidate.model else self._new_model()
        self.template = engines["django"].from_string(
            f"{{% for obj in objects %}}{candidate.tag}{{% endfor %}}"
        )

    def _new_model(self) -> Any:
        from django.db import connection, models

        meta = type("Meta", (), {"app_label": "benchmarks"})
        attributes = {"Meta": meta, "__module__": __name__, **self.candidate.fields()}
        model: Any = type(f"Thing{next(self._numbers)}", (models.Model,), attributes)
        with connection.schema_editor() as editor:
            editor.create_model(model)
        return model

    def show(self, names: Sequence[str]) -> None:
        """Have a page of these files and no others; rows stay, for Wagtail's take files along."""
        rows = [self.model(**self.candidate.row(name)) for name in names]
        self.shown = [row.pk for row in self.model.objects.bulk_create(rows)]

    def read(self) -> list[Any]:
        """Return the objects, which remember nothing of an earlier rendering."""
        objects = list(self.model.objects.filter(pk__in=self.shown))
        if self.candidate.prepare:
            for thing in objects:
                self.candidate.prepare(thing)
        return objects

    def render(self, objects: Sequence[Any]) -> float:
        """Render, and return how many seconds it took."""
        started = time.perf_counter()
        rendered = self.template.render({"objects": objects})
        took = time.perf_counter() - started
        assert rendered.strip(), f"{self.candidate.name} has rendered nothing"
        return took


def store(number: int, data: bytes) -> list[str]:
    """Keep a photo under so many new keys."""
    from django.core.files.base import ContentFile

    from django_shift_media import keys
    from django_shift_media.storages import media_storage

    storage = media_storage()
    return [storage.save(keys.new_original("photo.jpg"), ContentFile(data)) for _ in range(number)]


def measure(order: Order, pages: Sequence[Page], state: str) -> Iterator[Line]:
    from django.core.cache import cache

    from benchmarks.counting import counting

    empty = cache.clear if state == "emptied" else lambda: None
    counts = {}
    times: dict[str, list[float]] = {}
    for page in pages:
        empty()
        objects = page.read()
        with counting(Path(order.s3_log) if order.s3_log else None) as counted:
            first = page.render(objects)
        counts[page.candidate.name] = counted
        # A cold page is cold once.
        times[page.candidate.name] = [first] if state == "cold" else []
    waiting = [] if state == "cold" else list(pages)
    while waiting:
        for page in list(waiting):
            empty()
            times[page.candidate.name].append(page.render(page.read()))
            taken = times[page.candidate.name]
            if sum(taken) > order.seconds and len(taken) >= 3:
                waiting.remove(page)
    shown = order.cold_objects if state == "cold" else order.objects
    for name, counted in counts.items():
        yield Line(name, state, shown, min(times[name]), *counted.values())


def main() -> None:
    order = Order(**json.loads(sys.argv[1]))
    candidates = [candidate for candidate in CANDIDATES if candidate.name in order.candidates]
    configure(order, candidates)

    from django.core.management import call_command

    from gallery.drawings import draw_photo

    call_command("migrate", verbosity=0)
    pages = [Page(candidate) for candidate in candidates]
    photos = {
        "warm": store(order.objects, draw_photo(400, 300)),
        "cold": store(order.cold_objects, draw_photo(4 * order.cold_side, 3 * order.cold_side)),
    }
    lines: list[Line] = []
    for state, shown in (("warm", "warm"), ("emptied", "warm"), ("cold", "cold")):
        for page in pages:
            page.show(photos[shown])
            if state == "warm":
                page.render(page.read())  # makes what is missing
        lines += measure(order, pages, state)
    json.dump(lines, sys.stdout)


if __name__ == "__main__":
    main()
