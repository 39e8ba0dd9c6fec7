from collections.abc import Iterator
from typing import Any

from django.core.files.storage import InvalidStorageError, storages
from django.core.management.base import CommandParser

from django_shift_media.maintenance.copying import copy_originals
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import MaintenanceCommand
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage


class Command(MaintenanceCommand):
    help = (
        "Copy all originals into another media storage, under the same keys, and verify them."
        " Nothing is deleted or overwritten. Resizes are made again where they are asked for."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--to", required=True, metavar="ALIAS", help="in STORAGES")
        parser.add_argument(
            "--from", dest="source", metavar="ALIAS", help="in STORAGES, instead of the current one"
        )
        parser.add_argument(
            "--checksum", action="store_true", help="compare what is there already, too"
        )

    def work(self, options: dict[str, Any]) -> Iterator[Result]:
        source = storage_of(options["source"]) if options["source"] else media_storage()
        target = storage_of(options["to"])
        if source is target:
            raise ValueError(f"{options['to']!r} is the storage that is copied from.")
        yield from copy_originals(
            self.walking(source),
            source,
            target,
            workers=options["workers"],
            checksum=options["checksum"],
            dry_run=options["dry_run"],
        )


def storage_of(alias: str) -> MediaStorage:
    try:
        storage = storages[alias]
    except InvalidStorageError as error:
        raise ValueError(str(error)) from error
    if not isinstance(storage, MediaStorage):
        raise ValueError(
            f"STORAGES[{alias!r}] is a {type(storage).__name__}, wanted: a media storage,"
            " django_shift_media.storages.s3.S3MediaStorage or …storages.LocalMediaStorage."
        )
    return storage
