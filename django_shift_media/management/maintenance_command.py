"""What the commands for many files have in common: progress, a report, and an end in order."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from django_shift_media.exceptions import MediaError
from django_shift_media.fields import MediaField
from django_shift_media.maintenance.listing import Listing
from django_shift_media.maintenance.results import Result
from django_shift_media.management.graceful_exit import exit_gracefully
from django_shift_media.management.progress import Progress
from django_shift_media.storages.bulk_storage import BulkStorage, Entry

T = TypeVar("T")

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class MaintenanceCommand(BaseCommand):
    """
    A command that does something to many files, and can be interrupted and run again.

    ``work`` gives an ``Result`` for each. It may raise ``ValueError`` for options that make no
    sense.
    """

    # What is counted, for people.
    unit = "objects"
    dry_run_text = "say what would be done, and do nothing"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help=self.dry_run_text)
        workers = "so many at a time (8; of warm_media: SHIFT_MEDIA_CONCURRENCY)"
        parser.add_argument("--workers", type=positive, default=8, metavar="N", help=workers)
        parser.add_argument("--quiet", action="store_true", help="say nothing but what is wrong")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def work(self, options: dict[str, Any]) -> Iterable[Result]:
        raise NotImplementedError

    def walking(self, storage: BulkStorage) -> Iterator[list[Entry]]:
        """Go through a storage, and show how far; the total is guessed from the parts done."""
        walk = Listing(storage, self.options["workers"])
        self.progress.expect(lambda done: int(done / walk.fraction) if walk.fraction else None)
        for page in walk:
            self.progress.advance(len(page))
            yield page

    def counting(self, items: Iterable[T], total: int) -> Iterator[T]:
        """Go through so many, and show how far."""
        self.progress.expect(lambda done: total)
        for item in items:
            yield item
            self.progress.advance()

    def handle(self, **options: Any) -> None:
        self.options = options
        self.counts: Counter[str] = Counter()
        self.sizes: Counter[str] = Counter()
        self.troubles = 0
        self.finished = False
        self.progress = Progress(self.stderr, self.unit, quiet=options["quiet"])
        self.begin()
        try:
            with exit_gracefully(), self.progress:
                for result in self.work(options):
                    self.count(result)
                self.finished = True
        except (ImproperlyConfigured, MediaError, ValueError) as error:
            raise CommandError(str(error)) from error
        finally:
            self.conclude()
        if self.troubles:
            raise CommandError(f"{self.troubles:,} of them need your attention.")

    def begin(self) -> None:
        self.separator = ""
        if self.options["json"]:
            self.stdout.write('{"files": [', ending="")

    def count(self, result: Result) -> None:
        self.counts[result.what] += 1
        self.sizes[result.what] += result.size
        self.troubles += result.weight == "trouble"
        if result.weight != "quiet" or self.options["verbosity"] > 1:
            self.tell(result)

    def tell(self, result: Result) -> None:
        """Tell it now: the list may be longer than fits into memory."""
        if self.options["json"]:
            fields = {"what": result.what, "name": result.name, "size": result.size}
            document = json.dumps({**fields, "note": result.note})
            self.stdout.write(f"{self.separator}\n  {document}", ending="")
            self.separator = ","
            return
        note = f": {result.note}" if result.note else ""
        line = f"{result.what:<12} {result.name}{note}"
        if result.weight == "trouble":
            self.progress.write(self.style.ERROR(line), self.stderr)
        elif not self.options["quiet"]:
            self.progress.write(line, self.stdout)

    def conclude(self) -> None:
        if self.options["json"]:
            summary = {
                "counts": dict(self.counts),
                "bytes": dict(self.sizes),
                "finished": self.finished,
                "dry_run": self.options["dry_run"],
                "seconds": round(self.progress.seconds, 1),
            }
            self.stdout.write(f"\n], {json.dumps(summary)[1:]}")
        elif not self.options["quiet"]:
            self.stdout.write(self.summary())

    def summary(self) -> str:
        parts = [
            f"{count:,} {what}"
            + (f" ({filesizeformat(self.sizes[what])})" if self.sizes[what] else "")
            for what, count in sorted(self.counts.items())
        ]
        end = "" if self.finished else " Not finished: run it again to go on."
        return f"{', '.join(parts) or 'Nothing to do'}.{end}"


def moment(text: str) -> datetime:
    """Parse "2026-11-01", "2026-11-01T12:30" or how long ago it is: "90s", "15m", "6h", "30d"."""
    number, unit = text[:-1], text[-1:]
    if number.isdecimal() and unit in _UNITS:
        return timezone.now() - timedelta(**{_UNITS[unit]: int(number)})
    day = parse_date(text) if len(text) == len("2026-11-01") else None
    at = datetime.combine(day, datetime.min.time()) if day else parse_datetime(text)
    if at is None:
        raise ValueError(text)
    return at if timezone.is_aware(at) else timezone.make_aware(at)


def positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def field_of(label: str) -> models.FileField:
    """Return the model's field that "app.Model.field" names; raise ``ValueError``."""
    app, _, rest = label.partition(".")
    model, _, name = rest.partition(".")
    try:
        field = apps.get_model(app, model)._meta.get_field(name)
    except (LookupError, FieldDoesNotExist, ValueError) as error:
        raise ValueError(f"{label!r} is no field, as in 'app.Model.field': {error}") from error
    if not isinstance(field, models.FileField):
        raise ValueError(f"{label!r} is a {type(field).__name__}, wanted: a field for files.")
    return field


def media_fields(label: str) -> list[MediaField]:
    """Return the media fields of the model that "app.Model" names; raise ``ValueError``."""
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError) as error:
        raise ValueError(f"{label!r} is no model, as in 'app.Model': {error}") from error
    fields = [field for field in model._meta.fields if isinstance(field, MediaField)]
    if not fields:
        raise ValueError(f"{label!r} has no media field.")
    return fields
