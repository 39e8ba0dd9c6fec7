from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.maintenance import orphans
from django_shift_media.maintenance.references import Index, media_columns
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import MaintenanceCommand, moment
from django_shift_media.storages.selection import media_storage


class Command(MaintenanceCommand):
    help = (
        "Find originals that no row of any media field names, and delete them if told so; or"
        " find the rows whose original is missing."
    )
    dry_run_text = "delete nothing, whatever else is said"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--grace",
            type=moment,
            default="1d",
            metavar="AGE",
            help="leave alone what was stored since then: its upload may not be committed (1d)",
        )
        parser.add_argument(
            "--delete", action="store_true", help="delete them, with all of their resizes"
        )
        parser.add_argument(
            "--missing", action="store_true", help="find rows whose original is missing instead"
        )

    def work(self, options: dict[str, Any]) -> Iterator[Result]:
        storage = media_storage()
        columns = media_columns()
        with Index() as index:
            orphans.read_names(index, columns)
            pages = self.walking(storage)
            if options["missing"]:
                yield from orphans.find_missing(storage, pages, index, columns)
                return
            found = orphans.find_orphans(pages, index, columns, options["grace"])
            if options["delete"] and not options["dry_run"]:
                yield from orphans.delete(storage, found, columns, options["workers"])
            else:
                yield from (Result("orphaned", o.key, o.size, weight="news") for o in found)
