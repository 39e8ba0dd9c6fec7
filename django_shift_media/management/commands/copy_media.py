from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.maintenance.copying import copy_originals
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import MaintenanceCommand
from django_shift_media.management.terminal_command import DEFAULT_STORAGE, add_storage_argument
from django_shift_media.storages.selection import media_storage


class Command(MaintenanceCommand):
    help = (
        "Copy all originals to another media storage, under the same keys, and verify the copies."
        " Nothing is deleted or overwritten. Resizes are not copied: they are made again on their"
        " next view."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--to", required=True, metavar="ALIAS", help="alias of the target in STORAGES"
        )
        add_storage_argument(parser, "--from", default=DEFAULT_STORAGE)
        parser.add_argument(
            "--checksum",
            action="store_true",
            help="compare the content of existing files, not only their sizes",
        )

    def process(self, options: dict[str, Any]) -> Iterator[Result]:
        source, target = media_storage(options["storage"]), media_storage(options["to"])
        if source is target:
            raise ValueError(
                f"{options['to']!r} is both the source and the target. Use two storages."
            )
        yield from copy_originals(
            self.list_with_progress(source),
            source,
            target,
            workers=options["workers"],
            checksum=options["checksum"],
            dry_run=options["dry_run"],
        )
