"""The base class of commands for many files: progress, report and interruption."""

import json
from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from django_shift_media.exceptions import MediaError
from django_shift_media.fields import MediaField
from django_shift_media.maintenance.exit_signals import exit_gracefully
from django_shift_media.maintenance.listing import Listing
from django_shift_media.maintenance.results import Result
from django_shift_media.management.progress import Progress
from django_shift_media.management.terminal_command import TerminalCommand, format_size
from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.media.references import fields_on
from django_shift_media.storages.bulk_storage import BulkStorage, ObjectSummary

T = TypeVar("T")
F = TypeVar("F", bound="models.Field[Any, Any]")

_JSON_START = '{"files": ['
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class MaintenanceCommand(TerminalCommand):
    """
    A command that processes many files, and can be interrupted and run again.

    ``process()`` yields a ``Result`` for each file. It may raise ``ValueError`` for invalid
    options.
    """

    # The unit of the progress bar.
    unit = "objects"
    dry_run_help = "show what would be done, but change nothing"
    default_workers = "8"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help=self.dry_run_help)
        workers = f"number of parallel workers (default: {self.default_workers})"
        parser.add_argument("--workers", type=positive_int, default=8, metavar="N", help=workers)
        self.add_output_arguments(parser)

    def add_output_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="print errors only")
        parser.add_argument("--json", action="store_true", help="print the results as JSON")

    def process(self, options: dict[str, Any]) -> Iterable[Result]:
        raise NotImplementedError

    def list_with_progress(self, storage: BulkStorage) -> Iterator[list[ObjectSummary]]:
        return self.progress.follow(Listing(storage, self.options["workers"]))

    def with_progress(self, items: Iterable[T], total: int) -> Iterator[T]:
        self.progress.set_total(lambda count: total)
        for item in items:
            yield item
            self.progress.advance()

    def handle(self, **options: Any) -> None:
        self.options = options
        self.counts: Counter[str] = Counter()
        self.sizes: Counter[str] = Counter()
        self.error_count = 0
        self.finished = False
        self.progress = Progress(self.stderr, self.unit, quiet=options["quiet"])
        self.separator = _JSON_START
        failed = False
        try:
            with exit_gracefully(), self.progress:
                for result in self.process(options):
                    self.record(result)
                self.finished = True
        except (ImproperlyConfigured, MediaError, ValueError) as error:
            failed = True
            raise CommandError(str(error)) from error
        finally:
            if self.counts or not failed:  # otherwise an option is wrong: print only the error
                self.print_summary()
        if self.error_count == 1:
            raise CommandError("1 file needs attention.")
        if self.error_count:
            raise CommandError(f"{self.error_count:,} files need attention.")

    def record(self, result: Result) -> None:
        """Count a result, and print it if it is important or the verbosity is high."""
        self.counts[result.outcome] += 1
        self.sizes[result.outcome] += result.size
        self.error_count += result.severity == "error"
        if result.severity != "info" or self.options["verbosity"] > 1:
            self.print_result(result)

    def print_result(self, result: Result) -> None:
        """Print a result at once, because the results may not fit in memory."""
        if self.options["json"]:
            fields = {"outcome": result.outcome, "name": result.name, "size": result.size}
            document = json.dumps({**fields, "note": result.note})
            self.stdout.write(f"{self.separator}\n  {document}", ending="")
            self.separator = ","
            return
        note = f": {result.note}" if result.note else ""
        line = f"{result.outcome:<14} {result.name}{note}"
        if result.severity == "error":
            self.progress.write(self.style.ERROR(line), self.stderr)
        elif not self.options["quiet"]:
            self.progress.write(line, self.stdout)

    def print_summary(self) -> None:
        if self.options["json"]:
            summary = {
                "counts": dict(self.counts),
                "bytes": dict(self.sizes),
                "finished": self.finished,
                "dry_run": self.options.get("dry_run", False),
                "seconds": round(self.progress.seconds, 1),
            }
            start = _JSON_START if self.separator == _JSON_START else ""
            self.stdout.write(f"{start}\n], {json.dumps(summary)[1:]}")
        elif not self.options["quiet"]:
            self.stdout.write(self.summary())

    def summary(self) -> str:
        parts = [
            f"{count:,} {outcome}"
            + (f" ({format_size(self.sizes[outcome])})" if self.sizes[outcome] else "")
            for outcome, count in sorted(self.counts.items())
        ]
        if not parts:
            return "Nothing to do." if self.finished else "Nothing was done."
        end = "" if self.finished else " Not finished. Run the command again to continue."
        return f"{', '.join(parts)}.{end}"


def parse_time(text: str) -> datetime:
    """Parse a date or a time, such as "2026-11-01T12:30", or an age: "90s", "15m", "6h", "30d"."""
    number, unit = text[:-1], text[-1:]
    if number.isdecimal() and unit in _UNITS:
        return timezone.now() - timedelta(**{_UNITS[unit]: int(number)})
    try:
        day = parse_date(text) if len(text) == len("2026-11-01") else None
        time = datetime.combine(day, datetime.min.time()) if day else parse_datetime(text)
    except ValueError:  # the right format, but for example a month 13
        time = None
    if time is None:
        raise ArgumentTypeError(
            f"Invalid time {text!r}. Use a date or a time, such as 2026-11-01T12:30, or an age,"
            " such as 6h or 30d."
        )
    return time if timezone.is_aware(time) else timezone.make_aware(time)


def positive_int(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise ArgumentTypeError(f"Invalid number {text!r}. Use a whole number of 1 or more.")
    return int(text)


def get_file_field(label: str, kind: type[F]) -> F:
    """Return the field "app.Model.field" if it is of this class; raise ``ValueError``."""
    app, _, rest = label.partition(".")
    model_name, _, name = rest.partition(".")
    try:
        model = apps.get_model(app, model_name)
    except (LookupError, ValueError) as error:
        raise ValueError(
            f"Unknown field {label!r}. Use the form 'app.Model.field'. {error}"
        ) from error
    names = [field.name for field in model._meta.fields if isinstance(field, kind)]
    has = f"{model._meta.label} has: {', '.join(names)}." if names else "This model has none."
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist as error:
        raise ValueError(f"Unknown field {label!r}. Use a {kind.__name__}. {has}") from error
    if not isinstance(field, kind):
        raise ValueError(f"{label!r} is a {type(field).__name__}. Use a {kind.__name__}. {has}")
    return field


def require_fields_on(alias: str | None) -> list[BaseMediaField]:
    """Return the media fields whose files are in a storage; raise ``ValueError`` if none is."""
    fields = fields_on(alias, apps)
    if not fields:
        # Such as a copy that the project does not use yet.
        raise ValueError(
            "No MediaField stores its files in this storage, so all of them would be orphans."
        )
    return fields


def get_media_fields(label: str) -> list[MediaField]:
    """Return the media fields of the model "app.Model"; raise ``ValueError``."""
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError) as error:
        raise ValueError(f"Unknown model {label!r}. Use the form 'app.Model'. {error}") from error
    fields = [field for field in model._meta.fields if isinstance(field, MediaField)]
    if not fields:
        raise ValueError(f"The model {label!r} has no MediaField.")
    return fields
