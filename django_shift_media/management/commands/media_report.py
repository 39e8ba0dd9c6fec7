import csv
import json
from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from django_shift_media.costs.prices import S3_STORAGE
from django_shift_media.costs.tables import table
from django_shift_media.exceptions import MediaError
from django_shift_media.maintenance.exit_signals import exit_gracefully
from django_shift_media.maintenance.listing import Listing
from django_shift_media.maintenance.references import NameTable
from django_shift_media.maintenance.report import AGES, Document, make_report
from django_shift_media.management.maintenance_command import (
    parse_time,
    positive_int,
    require_fields_on,
)
from django_shift_media.management.progress import Progress
from django_shift_media.management.terminal_command import (
    DEFAULT_STORAGE,
    TerminalCommand,
    add_storage_argument,
    format_size,
)
from django_shift_media.media.references import columns_of, default_names
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage

_APP = "django_shift_media.contrib.reports"
_DEFAULTS = "a default"
_FIELD_HEADS = ("field", "originals", "size", "resizes", "size")
_RENDITION_HEADS = ("renditions", "size")  # of videos: not shown if there are none
_LAST_HEADS = ("missing", "per month")
_RESIZE_HEADS = ("preset", "format", "age", "resizes", "size", "per month")
_CSV = ("section", "name", "format", "days", "count", "bytes", "dollars")


class Command(TerminalCommand):
    help = (
        "Report what a storage has: originals by field, orphans, missing originals, resizes by"
        " preset, format and age, renditions of videos, and what it costs to store them. The"
        " storage is listed once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_storage_argument(parser, default=DEFAULT_STORAGE)
        parser.add_argument(
            "--grace",
            type=parse_time,
            default="1d",
            metavar="AGE",
            help="do not count newer originals as orphans, because their rows may not be committed"
            " yet (default: 1d)",
        )
        parser.add_argument(
            "--price",
            type=_price,
            metavar="DOLLARS",
            help="what a gigabyte costs per month (default: the list price of S3, and nothing for"
            " other storages)",
        )
        workers = "number of parallel workers (default: 8)"
        parser.add_argument("--workers", type=positive_int, default=8, metavar="N", help=workers)
        parser.add_argument("--save", action="store_true", help="save the report for the admin")
        parser.add_argument("--quiet", action="store_true", help="print errors only")
        formats = parser.add_mutually_exclusive_group()
        formats.add_argument("--json", action="store_true", help="print the report as JSON")
        formats.add_argument("--csv", action="store_true", help="print the report as CSV")

    def handle(self, **options: Any) -> None:
        if options["save"] and not apps.is_installed(_APP):
            raise CommandError(f'Add "{_APP}" to INSTALLED_APPS, and run migrate, to save reports.')
        try:
            with exit_gracefully():
                document = self.report(media_storage(options["storage"]), options)
        except (ImproperlyConfigured, MediaError, ValueError) as error:
            raise CommandError(str(error)) from error
        if options["save"]:
            _save(document)
        if options["json"]:
            self.stdout.write(json.dumps(document, indent=2))
        elif options["csv"]:
            csv.writer(self.stdout, lineterminator="\n").writerows([_CSV, *_csv_rows(document)])
        elif not options["quiet"]:
            self.stdout.write("\n".join(_lines(document)))

    def report(self, storage: MediaStorage, options: dict[str, Any]) -> Document:
        fields = require_fields_on(options["storage"])
        columns = columns_of(fields)
        progress = Progress(self.stderr, "objects", quiet=options["quiet"])
        with progress, NameTable() as referenced:
            referenced.add_columns(columns)
            referenced.add((name, _DEFAULTS) for name in default_names(fields))
            pages = progress.follow(Listing(storage, options["workers"], everything=True))
            report = make_report(storage, pages, referenced, columns, options["grace"])
        price = _price_of(storage) if options["price"] is None else options["price"]
        return {"storage": storage.alias, **report.document(price)}


def _price(text: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = -1
    if not 0 <= price < 1000:
        raise ArgumentTypeError(f"Invalid price {text!r}. Use dollars, such as 0.023.")
    return price


def _price_of(storage: MediaStorage) -> float | None:
    from django_shift_media.storages.s3 import S3MediaStorage  # which imports boto3

    return S3_STORAGE.of(1) if isinstance(storage, S3MediaStorage) else None


def _save(document: Document) -> None:
    from django_shift_media.contrib.reports.models import MediaReport

    made_at = datetime.fromisoformat(document["made_at"])
    MediaReport.objects.create(
        storage=document["storage"] or "",
        made_at=made_at if settings.USE_TZ else timezone.make_naive(made_at),
        document=document,
    )


# -- tables ---------------------------------------------------------------------------------------


def _lines(document: Document) -> Iterator[str]:
    fields = [
        *((each["field"], each) for each in document["fields"]),
        ("orphans", document["orphans"]),
        ("not referenced yet", document["recent"]),
    ]
    with_renditions = document["renditions"]["count"] > 0
    heads = (*_FIELD_HEADS, *(_RENDITION_HEADS if with_renditions else ()), *_LAST_HEADS)
    yield from table(heads, [_field_cells(name, each, with_renditions) for name, each in fields])
    yield ""
    if document["resizes"]:
        yield from table(_RESIZE_HEADS, [_resize_cells(each) for each in document["resizes"]])
        yield ""
    count, size, dollars = _cells(document["total"])
    yield f"All: {count} objects, {size}{f', {dollars} per month' if dollars else ''}."
    if others := document["others"]["count"]:
        yield f"Of these, not of this package: {others:,}."


def _field_cells(name: str, uploads: Document, with_renditions: bool) -> list[str]:
    return [
        name,
        *_cells(uploads["originals"])[:2],
        *_cells(uploads["resizes"])[:2],
        *(_cells(uploads["renditions"])[:2] if with_renditions else ()),
        f"{uploads['missing']:,}" if uploads["missing"] else "",
        _dollars(uploads["dollars"]),
    ]


def _resize_cells(group: Document) -> list[str]:
    age = f"up to {group['days']} days" if group["days"] else f"over {AGES[-1]} days"
    return [group["preset"] or "(none)", group["format"], age, *_cells(group)]


def _cells(tally: Document) -> list[str]:
    return [f"{tally['count']:,}", format_size(tally["bytes"]), _dollars(tally["dollars"])]


def _dollars(dollars: float | None) -> str:
    return "" if dollars is None else f"${dollars:,.2f}"


# -- CSV ------------------------------------------------------------------------------------------


def _csv_rows(document: Document) -> Iterator[list[Any]]:
    for each in document["fields"]:
        yield from _csv_uploads("field", each["field"], each)
    yield from _csv_uploads("orphans", "", document["orphans"])
    yield from _csv_uploads("recent", "", document["recent"])
    yield ["others", "", "", "", *document["others"].values()]
    for each in document["resizes"]:
        preset, format, days, *numbers = each.values()
        yield ["resizes", preset, format, days, *numbers]


def _csv_uploads(section: str, name: str, uploads: Document) -> Iterator[list[Any]]:
    yield [f"{section}: originals", name, "", "", *uploads["originals"].values()]
    yield [f"{section}: resizes", name, "", "", *uploads["resizes"].values()]
    yield [f"{section}: renditions", name, "", "", *uploads["renditions"].values()]
    if section == "field":
        yield ["field: missing", name, "", "", uploads["missing"], "", ""]
