from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.maintenance import orphans
from django_shift_media.maintenance.bad_rows import find_bad_rows
from django_shift_media.maintenance.references import NameTable
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import (
    MaintenanceCommand,
    parse_time,
    require_fields_on,
)
from django_shift_media.management.terminal_command import DEFAULT_STORAGE, add_storage_argument
from django_shift_media.media.references import columns_of, default_names
from django_shift_media.storages.selection import media_storage


class Command(MaintenanceCommand):
    help = (
        "Find originals that no row of any MediaField references, and with --delete, delete them."
        " With --missing, find the rows whose original is missing, or that have invalid values."
    )
    dry_run_help = "delete nothing, even with --delete"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_storage_argument(parser, default=DEFAULT_STORAGE)
        parser.add_argument(
            "--grace",
            type=parse_time,
            default="1d",
            metavar="AGE",
            help="ignore originals that are newer, because their rows may not be committed yet"
            " (default: 1d)",
        )
        parser.add_argument(
            "--delete", action="store_true", help="delete orphans with all of their resizes"
        )
        parser.add_argument(
            "--missing",
            action="store_true",
            help="find rows whose original is missing or whose values are invalid, instead",
        )

    def process(self, options: dict[str, Any]) -> Iterator[Result]:
        storage = media_storage(options["storage"])
        fields = require_fields_on(options["storage"])
        columns = columns_of(fields)
        with NameTable() as referenced:
            referenced.add_columns(columns)
            referenced.add((name, "a default") for name in default_names(fields))
            pages = self.list_with_progress(storage)
            if options["missing"]:
                yield from find_bad_rows(storage, columns)
                yield from orphans.find_missing(storage, pages, referenced, columns)
                return
            found = orphans.find_orphans(storage, pages, referenced, columns, options["grace"])
            if options["delete"] and not options["dry_run"]:
                yield from orphans.delete_orphans(storage, found, columns, options["workers"])
            else:
                for orphan in found:
                    yield Result("orphaned", orphan.key, orphan.size, severity="notice")
